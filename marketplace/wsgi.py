"""The web process."""

import os

from django.core.wsgi import get_wsgi_application

from marketplace.checks import refuse_to_start_misconfigured, warn_of_the_database

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "marketplace.settings")
refuse_to_start_misconfigured()
application = get_wsgi_application()
warn_of_the_database()
