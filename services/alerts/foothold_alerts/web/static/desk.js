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

// An amount in words (大写) beside the figure while it is typed; the page that confirms it has the server's own.
function capital(text) {
  const found = /^(\d{1,9})(?:\.(\d{1,2}))?$/.exec(text.trim());
  if (!found) return "";
  const digits = "零壹贰叁肆伍陆柒捌玖", places = ["", "拾", "佰", "仟"], groups = ["", "万", "亿"];
  const four = (group) => {
    let words = "", gap = false;
    for (let place = 3; place >= 0; place -= 1) {
      const digit = Math.floor(group / 10 ** place) % 10;
      if (digit) { words += (gap && words ? "零" : "") + digits[digit] + places[place]; gap = false; } else gap = true;
    }
    return words;
  };
  const parts = [];
  for (let rest = Number(found[1]); rest; rest = Math.floor(rest / 10000)) parts.push(rest % 10000);
  let words = "";
  for (let index = parts.length - 1; index >= 0; index -= 1) {
    if (!parts[index]) continue;
    words += (words && (parts[index] < 1000 || !parts[index + 1]) ? "零" : "") + four(parts[index]) + groups[index];
  }
  const [jiao, cents] = (found[2] || "").padEnd(2, "0").split("").map(Number);
  if (!jiao && !cents) return (words || "零") + "元整";
  const whole = words ? words + "元" : "";
  if (!jiao) return whole + (words ? "零" : "") + digits[cents] + "分";
  return whole + digits[jiao] + "角" + (cents ? digits[cents] + "分" : "整");
}
document.addEventListener("input", (event) => {
  const field = event.target;
  if (!(field instanceof HTMLInputElement) || !("capital" in field.dataset)) return;
  let shown = field.form.querySelector("output.capital");
  if (!shown) {
    shown = document.createElement("output");
    shown.className = "capital";
    field.form.append(shown);
  }
  shown.textContent = capital(field.value);
});
