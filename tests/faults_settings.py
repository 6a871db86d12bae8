"""Settings of the processes that the fault stories kill: each may die in the middle of a post."""

import live_settings

for _name in dir(live_settings):
    if _name.isupper():
        globals()[_name] = getattr(live_settings, _name)

# daphne is an application for runserver's sake only, and would make its loop before the fork.
INSTALLED_APPS = [app for app in live_settings.INSTALLED_APPS if app != "daphne"]
MIDDLEWARE = [*live_settings.MIDDLEWARE, "failpoints.FailpointMiddleware"]
