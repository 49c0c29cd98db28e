"""Files made from code: written, or with --check compared with what is committed."""

import argparse
import sys
from pathlib import Path


def write_or_check(file: Path, text: str, about: str) -> None:
    """Write the text.

    With `--check` on the command line end the process with an error where the file differs.
    """
    arguments = argparse.ArgumentParser(description=about)
    arguments.add_argument("--check", action="store_true")
    if not arguments.parse_args().check:
        file.write_text(text, encoding="utf-8")
    elif not file.is_file() or file.read_text(encoding="utf-8") != text:
        sys.exit(
            f"{file.relative_to(Path(__file__).parents[1])} differs from the code it is made of."
            " Run 'make generate' and commit the result."
        )
