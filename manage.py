#!/usr/bin/env python3
"""Runs the catalog's commands; `quickstart` is the one to begin with."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import execute_from_command_line
    from environs import EnvError

    try:
        execute_from_command_line(sys.argv)
    except EnvError as error:  # a variable of the environment that cannot be read
        sys.exit(f"The configuration is wrong: {error}")


if __name__ == "__main__":
    main()
