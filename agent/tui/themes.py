"""The colours: themes for dark terminals and for light ones, each with one of strong contrasts."""

from textual.theme import Theme

DARK = Theme(
    name="foretrace-dark",
    primary="#7aa2d6",
    secondary="#8b93a7",
    accent="#d6b06a",
    success="#86b98b",
    warning="#d9a65b",
    error="#d9797a",
    foreground="#d4d7de",
    background="#14161b",
    surface="#1a1d23",
    panel="#20242c",
    dark=True,
)

LIGHT = Theme(
    name="foretrace-light",
    primary="#2f5f9e",
    secondary="#5b6472",
    accent="#8a5a00",
    success="#2c6e3b",
    warning="#8f5200",
    error="#a32d2f",
    foreground="#23272f",
    background="#fbfaf7",
    surface="#f3f1ec",
    panel="#e8e5de",
    dark=False,
)

DARK_STRONG = Theme(
    name="foretrace-dark-strong",
    primary="#8ec5ff",
    secondary="#b8c0d0",
    accent="#ffd166",
    success="#7ee787",
    warning="#ffc266",
    error="#ff9492",
    foreground="#ffffff",
    background="#000000",
    surface="#0b0d10",
    panel="#1b1f26",
    dark=True,
)

LIGHT_STRONG = Theme(
    name="foretrace-light-strong",
    primary="#003f8a",
    secondary="#3a414c",
    accent="#5f3b00",
    success="#0b4a1c",
    warning="#653700",
    error="#7d0f14",
    foreground="#000000",
    background="#ffffff",
    surface="#f6f6f6",
    panel="#e4e4e4",
    dark=False,
)

THEMES = (DARK, LIGHT, DARK_STRONG, LIGHT_STRONG)
"""What every screen of ours has."""

_OTHER = {
    DARK.name: LIGHT,
    LIGHT.name: DARK,
    DARK_STRONG.name: LIGHT_STRONG,
    LIGHT_STRONG.name: DARK_STRONG,
}


def theme_named(name: str) -> Theme:
    """A theme of ours; the usual one where there is none of that name."""
    return next((theme for theme in THEMES if theme.name == name), DARK)


def other_of(name: str) -> Theme:
    """For light terminals where a theme is for dark ones, and the other way round."""
    return _OTHER.get(name, LIGHT)
