"""ASGI entry point: pages through Django; sockets join here."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings")

application = ProtocolTypeRouter({"http": get_asgi_application()})
