"""Renders templates with every value escaped.

Every text is in the reader's language, or in both side by side.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import Final

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup, escape

from foothold_alerts.area_names import AreaNames
from foothold_alerts.rules.days import SHANGHAI
from foothold_alerts.rules.happened import in_a_sentence, in_words
from foothold_alerts.rules.relief.capital import capital
from foothold_alerts.web.policy_words import CONFIDENCE, policy_name, policy_reference, policy_value
from foothold_alerts.web.words import en, zh
from foothold_schemas.values import Fen, Sentence

COOKIE: Final = "foothold-language"


class Language(StrEnum):
    """How pages speak: Chinese with English beside it, Chinese, English."""

    BOTH = "both"
    ZH = "zh"
    EN = "en"


def language_of(request: Request) -> Language:
    """What the reader chose; both until then."""
    chosen = request.cookies.get(COOKIE, "")
    return Language(chosen) if chosen in list(Language) else Language.BOTH


class Text:
    """`t("中文", "English")`: inline markup; `t.plain(…)`: bare, for attributes and options."""

    def __init__(self, language: Language) -> None:
        self._language = language

    def __call__(self, chinese: object, english: object) -> Markup:
        """The text in the page's language."""
        match self._language:
            case Language.ZH:
                return escape(chinese)
            case Language.EN:
                return escape(english)
            case Language.BOTH:
                return Markup('{} <span lang="en">{}</span>').format(chinese, english)

    def plain(self, chinese: str, english: str) -> str:
        """Without markup."""
        return {Language.ZH: chinese, Language.EN: english, Language.BOTH: f"{chinese} {english}"}[
            self._language
        ]


class Word:
    """`word(code)`: the words of a code."""

    def __init__(self, text: Text) -> None:
        self._text = text

    def __call__(self, code: str) -> Markup:
        """Inline."""
        return self._text(zh(code), en(code))

    def plain(self, code: str) -> str:
        """Without markup."""
        return self._text.plain(zh(code), en(code))


def _sentence(language: Language, text: Mapping[str, str]) -> Markup:
    """A sentence on a line of its own; both languages one under the other."""
    chinese = Markup('<span class="zh">{}</span>').format(text["zh"])
    english = Markup('<span class="en" lang="en">{}</span>').format(text["en"])
    return {Language.ZH: chinese, Language.EN: english, Language.BOTH: chinese + english}[language]


class Pages:
    """The templates."""

    def __init__(self, area_names: AreaNames) -> None:
        self._environment = Environment(
            loader=PackageLoader("foothold_alerts.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals |= {
            "policy_name": policy_name,
            "policy_reference": policy_reference,
            "policy_value": policy_value,
            "confidence": CONFIDENCE,
        }
        self._environment.filters |= {
            "moment": _moment,
            "until": _until,
            "yuan": _yuan,
            "signed": _signed,
            "capital": capital,
            "area": _area_filter(area_names),
            "area_plain": _plain_area_filter(area_names),
        }

    def render(
        self, request: Request, template: str, status: int = 200, **values: object
    ) -> HTMLResponse:
        """The page in the reader's language."""
        language = language_of(request)
        text = Text(language)
        body = self._environment.get_template(template).render(
            now=datetime.now(UTC),
            lang=language.value,
            t=text,
            word=Word(text),
            word_zh=zh,
            word_en=en,
            sentence=lambda s: _sentence(language, s),
            happened=lambda body: text(*_both(in_words(body))),
            in_a_sentence=lambda body: in_a_sentence(body).model_dump(),
            **values,
        )
        return HTMLResponse(body, status_code=status)


def _both(words: Sentence) -> tuple[str, str]:
    return words.zh, words.en


def _moment(value: datetime | str) -> str:
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")


def _until(value: datetime) -> str:
    """An instant by which something is due.

    The end of a day is written as that day's 24:00, so that it names the day everybody else names.
    """
    at = value.astimezone(SHANGHAI)
    return (
        f"{at.date() - timedelta(days=1)} 24:00"
        if at.time() == time.min
        else at.strftime("%Y-%m-%d %H:%M")
    )


def _yuan(fen: int | None) -> str:
    return "" if fen is None else str(Fen(fen))


def _signed(fen: int) -> str:
    return f"{'+' if fen > 0 else ''}{Fen(fen)}"


def _area_filter(names: AreaNames) -> Callable[[Context, str], Markup]:
    @pass_context
    def area(context: Context, code: str) -> Markup:
        """What an area is called in the page's language, and its code."""
        called, text = names.of(code), context["t"]
        name = text(called.zh, called.en) if called.zh != called.en else escape(called.zh)
        return Markup("{} {}").format(name, called.code)

    return area


def _plain_area_filter(names: AreaNames) -> Callable[[Context, str], str]:
    @pass_context
    def area_plain(context: Context, code: str) -> str:
        """The same without markup, for the title of a page."""
        called, text = names.of(code), context["t"]
        name = text.plain(called.zh, called.en) if called.zh != called.en else called.zh
        return f"{name} {called.code}"

    return area_plain
