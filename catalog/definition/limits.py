"""The bounds of one file, so that any bytes at all are answered quickly."""

MAX_SOURCE_BYTES = 256 * 1024
MAX_FRONTMATTER_BYTES = 64 * 1024
MAX_NESTING = 16
MAX_NAME_LENGTH = 100
