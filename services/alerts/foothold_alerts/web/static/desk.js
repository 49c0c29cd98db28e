// Says when the desk cannot be reached, and takes it back when it can. Everything else on the page is htmx and the server.
(() => {
  const banner = document.getElementById("unreachable");
  const show = (isAway) => { banner.hidden = !isAway; };
  for (const name of ["htmx:sendError", "htmx:timeout", "htmx:sseError"]) document.body.addEventListener(name, () => show(true));
  document.body.addEventListener("htmx:responseError", (event) => show(event.detail.xhr.status >= 500));
  for (const name of ["htmx:afterOnLoad", "htmx:sseOpen"]) document.body.addEventListener(name, (event) => {
    if (name === "htmx:sseOpen" || event.detail.successful) show(false);
  });
})();
