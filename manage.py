#!/usr/bin/env python3
"""Django's own commands (makemigrations, shell, dbshell…), with the embedded database running. Users have `pult`."""

import os
import sys

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pult.project.settings")
    from django.core.management import execute_from_command_line

    from pult.project.installation import ensure_database

    ensure_database()
    execute_from_command_line(sys.argv)
