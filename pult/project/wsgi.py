"""The WSGI application, for those who serve Pult with a server of their own instead of `pult web`."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pult.project.settings")

application = get_wsgi_application()
