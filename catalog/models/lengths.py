"""How long names, titles and values may be, in characters. Imports nothing of the catalog."""

NAME_MAX_LENGTH = 100
TITLE_MAX_LENGTH = 200
VALUE_MAX_LENGTH = 200
