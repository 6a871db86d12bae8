"""Settings of a portal that a story starts as a process of its own, on the story's database."""

import os

from helpdesk import settings as house

for _name in dir(house):
    if _name.isupper():
        globals()[_name] = getattr(house, _name)

DATABASES = {"default": {**house.DATABASES["default"], "NAME": os.environ["LIVE_DATABASE"]}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
if os.environ.get("LIVE_LIMITS"):  # one rate for all that is counted
    LIMITS = dict.fromkeys(house.LIMITS, os.environ["LIVE_LIMITS"])
