"""The colours: one theme for dark terminals and one for light ones."""

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

THEMES = (DARK, LIGHT)
