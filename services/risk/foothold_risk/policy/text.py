"""A YAML file that can say on which line something stands."""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)


class PolicyError(Exception):
    """A bundle that cannot be used: file, line, what is wrong and what to do."""


class Text:
    """The file's text and the tree of its nodes."""

    def __init__(self, file: Path) -> None:
        self.file = file
        try:
            self._text = file.read_text(encoding="utf-8")
            self._root = yaml.compose(self._text, yaml.SafeLoader)
            self._twice(self._root)
        except FileNotFoundError:
            raise PolicyError(f"{file}: not there") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise PolicyError(f"{file}: not YAML: {error}") from None

    def _twice(self, node: yaml.Node | None) -> None:
        """YAML lets a key stand twice and keeps the last; a policy may not."""
        if isinstance(node, yaml.MappingNode):
            seen: set[str] = set()
            for key, value in node.value:
                if key.value in seen:
                    raise PolicyError(
                        f"{self.file}:{key.start_mark.line + 1}: {key.value} stands twice"
                    )
                seen.add(key.value)
                self._twice(value)
        elif isinstance(node, yaml.SequenceNode):
            for value in node.value:
                self._twice(value)

    def read(self, model: type[M], known: Sequence[type[BaseModel]]) -> M:
        """The file as a model; an unknown field is named with the nearest known one.

        Raise PolicyError.
        """
        try:
            return model.model_validate(yaml.safe_load(self._text))
        except (yaml.YAMLError, ValueError) as error:
            if not isinstance(error, ValidationError):
                raise PolicyError(f"{self.file}: not YAML: {error}") from None
            errors = error.errors(include_url=False, include_input=False)
            first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
            raise PolicyError(
                f"{self.at(*first['loc'])}:"
                f" {_complaint(first['type'], first['msg'], first['loc'], known)}"
            ) from None

    def at(self, *path: str | int) -> str:
        """`file:line` of the deepest node on the path that exists."""
        node, line = self._root, 1
        for step in path:
            match node:
                case yaml.MappingNode():
                    pair = next(((k, v) for k, v in node.value if k.value == str(step)), None)
                    if pair is None:
                        break
                    line, node = pair[0].start_mark.line + 1, pair[1]
                case yaml.SequenceNode() if isinstance(step, int) and step < len(node.value):
                    node = node.value[step]
                    line = node.start_mark.line + 1
                case _:
                    break
        return f"{self.file}:{line}"


def _complaint(
    kind: str, message: str, path: tuple[str | int, ...], known: Sequence[type[BaseModel]]
) -> str:
    name = ".".join(str(part) for part in path)
    if kind != "extra_forbidden":
        return f"{name}: {message.removeprefix('Value error, ')}"
    near = difflib.get_close_matches(
        str(path[-1]), [field for model in known for field in model.model_fields], 1
    )
    return f"{name} is not a field Foothold knows" + (f"; did you mean {near[0]}?" if near else "")
