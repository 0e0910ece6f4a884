"""The WSGI application; refuses to start without a secret key."""

import os

from django.core.wsgi import get_wsgi_application

from catalog.system_checks import REFUSAL, has_secret_key

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
if not has_secret_key():
    raise SystemExit(REFUSAL)
application = get_wsgi_application()

from catalog import facets  # noqa: E402 (models can be imported from here on)
from catalog.counting import flush_regularly  # noqa: E402

flush_regularly()
facets.warm_up()
