"""The WSGI application; refuses to start without a secret key."""

import os

from django.core.wsgi import get_wsgi_application

from catalog.system_checks import REFUSAL, has_secret_key

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
if not has_secret_key():
    raise SystemExit(REFUSAL)
application = get_wsgi_application()
