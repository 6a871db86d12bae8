"""Settings of the portal: one file, read from the environment, in Django's order.

Nothing needs to be set: without any variable the portal runs on SQLite, in one process, with its
data in ``.data/``. ``PORTAL_URL`` starting with ``https://`` switches hardening on, as a whole.
"""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import environ
import structlog
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = BASE_DIR / ".data"
env = environ.Env()

PORTAL_URL = env.str("PORTAL_URL", "http://127.0.0.1:8000").rstrip("/")
HARDENED = PORTAL_URL.startswith("https://")
DEBUG = env.bool("DEBUG", False)


def _local_secret(path: Path) -> str:
    """Return the key kept in ``path``, making it at first start so that sessions survive a restart.

    Two processes may start at once: the file is created whole and exclusively, the loser reads it.
    """
    path.parent.mkdir(mode=0o750, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        with open(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(64))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # the other process was first: its key is the key
        finally:
            draft.unlink()
    return path.read_text()


SECRET_KEY = env.str("SECRET_KEY", "") or _local_secret(DATA_DIR / "secret_key")
SECRET_KEY_IS_SET = bool(env.str("SECRET_KEY", ""))
_host = urlsplit(PORTAL_URL).hostname or "127.0.0.1"
_here = [] if HARDENED else ["127.0.0.1", "localhost", "[::1]"]
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[_host, *_here])
CSRF_TRUSTED_ORIGINS = [PORTAL_URL]
# How many proxies append to X-Forwarded-For; accounts.throttle.client_address reads it.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)

# --- Numbers of the house (DESIGN §9) ----------------------------------------------------------
PORTAL_MIN_RANK = env.str("PORTAL_MIN_RANK", "silver")
TITLE_MAX_LENGTH = 120
TEXT_MAX_LENGTH = 20_000
SEARCH_TEXT_MAX_LENGTH = 400_000  # folded characters of one ticket that a search looks at
SCREENSHOTS_PER_POST = 10
PAGE_SIZE = 20
CLOSED_PREVIEW = 5  # closed issues shown before "show all" (S32)
REOPEN_DAYS = 14
FIRST_REPLY_HOURS = 8  # service hours that count for the ticket's language
DRAFT_HOURS = 24
DRAFTS_PER_PERSON = 10
WAITING_UPLOADS = 100  # per person, not sent yet
QUESTIONS_PER_REPLY = 5
QUESTION_MAX_LENGTH = 2_000
REDACT_MINUTES = 10  # how long a member may change a picture that was sent
DESK_LEASE = 45  # seconds without a sign that an agent looks at a ticket
DESK_WRITING = 15  # seconds without a key pressed
DESK_PULSE = 10  # seconds between two signs of a ticket page that is looked at
ANSWER_DRAFT_DAYS = 14
UNDO_SECONDS = 15  # how long a mail waits that an undo takes back
COUNT_CAP = 1_000  # counting ends there and says "more than"
ERASURE_DAYS = 30  # in which a request is answered: a month, by law
# Days after which texts and pictures of closed tickets and ended chats, entries of the audit log
# and addresses in the history, and mails that were sent are deleted; 0 keeps them for ever.
RETENTION_DAYS = {
    kind: env.int(f"RETENTION_{kind.upper()}_DAYS", days)
    for kind, days in (("tickets", 0), ("chats", 0), ("audit", 0), ("mails", 90))
}
CHAT_MEMBER_LEASE = 120  # seconds a waiting member may be away and keep the place
CHAT_AGENT_LEASE = 45  # seconds an agent may be away and keep the chats
CHAT_WATCH_GAP = 10  # seconds without a heartbeat that break a watch
CHAT_ACCEPT_TARGET = 5 * 60  # seconds
CHATS_PER_AGENT = 3
SOCKETS_PER_PERSON = 8
MESSAGE_MAX_LENGTH = 4_000
SCREENSHOTS_PER_MESSAGE = 4
IMPORT_MAX_BYTES = 20 * 2**20  # of a file with people, at the desk
IMPORT_MAX_ROWS = 200_000
LIMITS = {
    **{"tickets": "20/hour", "uploads": "60/hour", "replies": "60/hour", "drafts": "30/minute"},
    **{"chats": "10/hour", "messages": "30/minute", "transcripts": "10/hour"},
    **{"denials": "1/hour"},  # entries in the audit log, for each person and route
    **{"exports": "5/hour"},  # archives with everything about a member
}

# --- Applications ------------------------------------------------------------------------------
INSTALLED_APPS = [
    "daphne",
    "helpdesk.apps.PortalAdminConfig",
    "helpdesk.apps.HelpdeskConfig",
    "accounts",
    "tickets",
    "chat",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "post_office",
    "django_structlog",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "helpdesk.middleware.HeadersMiddleware",
    "csp.middleware.CSPMiddleware",
    "django_permissions_policy.PermissionsPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",  # below the headers: files carry them too
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.PreferencesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "accounts.middleware.GateMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "helpdesk.middleware.RefusalsMiddleware",
]

ROOT_URLCONF = "helpdesk.urls"
ASGI_APPLICATION = "helpdesk.asgi.application"
WSGI_APPLICATION = "helpdesk.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "helpdesk.context.portal",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Database, cache ---------------------------------------------------------------------------
DATABASES = {"default": env.db_url("DATABASE_URL", f"sqlite:///{DATA_DIR}/db.sqlite3")}
_database = DATABASES["default"]
if _database["ENGINE"].endswith("sqlite3"):
    _database["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
    # A file also in tests: an in-memory database locks out its second thread. One a process.
    _database["TEST"] = {"NAME": str(DATA_DIR / f"test-{os.getpid()}.sqlite3")}
else:
    # Without this every connection that PostgreSQL has dropped costs somebody a 503.
    _database["CONN_HEALTH_CHECKS"] = True
    _database["OPTIONS"] = {
        "connect_timeout": 3,
        "options": "-c statement_timeout=5000 -c lock_timeout=3000 "
        "-c idle_in_transaction_session_timeout=30000 "
        # With less memory a search for common words reads every text twice; with parallel workers
        # the planner prefers reading a whole table by several to reading a little of it.
        "-c work_mem=32MB -c max_parallel_workers_per_gather=0",
        "pool": {
            "min_size": 1,
            "max_size": env.int("DATABASE_POOL", 10),
            "reconnect_timeout": 1.0,  # then the next who asks knocks: no pause grows in an outage
            "timeout": 1.5,  # tried twice on the way to the 503 page: within three seconds
        },
    }

REDIS_URL = env.str("REDIS_URL", "")
if REDIS_URL:
    CACHES = {"default": {"BACKEND": "helpdesk.cache.SteadyRedisCache", "LOCATION": REDIS_URL}}
    CHANNEL_LAYERS = {
        "default": {
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": None}]},
        }
    }
else:
    # Django's own 300 entries would let a flood of other names push out the counts of sign-in.
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
            "OPTIONS": {"MAX_ENTRIES": 100_000},
        }
    }
    CHANNEL_LAYERS = {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}

# --- Accounts ----------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
# allauth's backend alone: with Django's beside it a wrong name would cost two hashes, a right one
# a single hash, and the clock would tell which names exist.
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "accounts.adapter.PortalAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_RATE_LIMITS = {"reset_password": "20/m/ip,5/h/key"}  # a cap on mails to one member
ACCOUNT_SESSION_REMEMBER = None  # the person decides, by the box on the sign-in page
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_ISSUER = env.str("PORTAL_BRAND", "Help Portal")
USERSESSIONS_TRACK_ACTIVITY = False

# --- Languages and time ------------------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("cs", "Čeština"), ("sl", "Slovenščina")]
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "locale" / "upstream"]
FORMAT_MODULE_PATH = "helpdesk.formats"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = "UTC"
USE_TZ = True
# Where a person lives when nobody said: by the language of the member record.
MARKET_TIME_ZONES = {"cs": "Europe/Prague", "sl": "Europe/Ljubljana"}
DEFAULT_TIME_ZONE = env.str("PORTAL_TIME_ZONE", "UTC")

# --- Files -------------------------------------------------------------------------------------
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / ".static"
STATIC_ROOT.mkdir(exist_ok=True)  # WhiteNoise warns of a missing folder
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = env.str("MEDIA_ROOT", str(DATA_DIR / "media"))
WHITENOISE_USE_FINDERS = not HARDENED
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "helpdesk.storage.PortalStaticStorage"
        if HARDENED
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
FILE_UPLOAD_PERMISSIONS = 0o640
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o750
DATA_UPLOAD_MAX_NUMBER_FILES = 100
# nginx hands local files over by X-Accel-Redirect when this names its internal location.
MEDIA_ACCEL_PREFIX = env.str("MEDIA_ACCEL_PREFIX", "")

# --- Mail --------------------------------------------------------------------------------------
EMAIL_BACKEND = "helpdesk.outbox.OutboxBackend"
_mail = env.email_url("EMAIL_URL", f"filemail:///{DATA_DIR}/mail")
EMAIL_HOST = _mail.get("EMAIL_HOST") or "localhost"
EMAIL_PORT = _mail.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = _mail.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _mail.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS = _mail.get("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = _mail.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = _mail.get("EMAIL_FILE_PATH") or str(DATA_DIR / "mail")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str(
    "DEFAULT_FROM_EMAIL", f"support@{_host if _host[-1].isalpha() else 'localhost'}"
)
POST_OFFICE = {
    "BACKENDS": {"default": _mail["EMAIL_BACKEND"]},
    "DEFAULT_PRIORITY": "medium",
    "MAX_RETRIES": 300,
    "RETRY_INTERVAL": timedelta(minutes=15),  # three days of trying
    "MESSAGE_ID_ENABLED": True,
    "MESSAGE_ID_FQDN": _host,
    # One mail at a time: statuses are written after a batch, and a sender killed within one would
    # send the whole batch again.
    "THREADS_PER_PROCESS": 1,
    "BATCH_SIZE": 1,
    "LOCK_FILE_NAME": str(DATA_DIR / "post_office"),
}

# --- Brand: neutral until told otherwise -------------------------------------------------------
PORTAL_BRAND = env.str("PORTAL_BRAND", "")
PORTAL_BRAND_LEGAL_NAME = env.str("PORTAL_BRAND_LEGAL_NAME", "")
PORTAL_BRAND_LOGO_LIGHT = env.str("PORTAL_BRAND_LOGO_LIGHT", "")
PORTAL_BRAND_LOGO_DARK = env.str("PORTAL_BRAND_LOGO_DARK", "")
PORTAL_BRAND_FAVICON = env.str("PORTAL_BRAND_FAVICON", "")
PORTAL_BRAND_PRIMARY = env.str("PORTAL_BRAND_PRIMARY", "#5a2d82")
PORTAL_BRAND_ACCENT = env.str("PORTAL_BRAND_ACCENT", "#2f6b4f")
PORTAL_BRAND_RADIUS = env.int("PORTAL_BRAND_RADIUS", 6)
PORTAL_SHOP_URL = env.str("PORTAL_SHOP_URL", "https://example.com").rstrip("/")
# JSON list of {"label": {"en": …, "cs": …, "sl": …} or text, "url": …, "new_tab": true}.
PORTAL_HEADER_LINKS = env.json(
    "PORTAL_HEADER_LINKS",
    default=[
        {"label": _("Our Story"), "url": f"{PORTAL_SHOP_URL}/our-story"},
        {"label": _("Discover"), "url": f"{PORTAL_SHOP_URL}/discover"},
        {"label": _("Resources"), "url": f"{PORTAL_SHOP_URL}/resources"},
    ],
)
PORTAL_BAG_URL = env.str("PORTAL_BAG_URL", f"{PORTAL_SHOP_URL}/bag")
PORTAL_CONTACT_URL = env.str("PORTAL_CONTACT_URL", f"{PORTAL_SHOP_URL}/contact")
PORTAL_ACCOUNT_MANAGER_URL = env.str(
    "PORTAL_ACCOUNT_MANAGER_URL", f"{PORTAL_SHOP_URL}/account-manager"
)

# --- Security ----------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "blob:", "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "media-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}
PERMISSIONS_POLICY = {
    feature: []
    for feature in ("camera", "geolocation", "microphone", "payment", "usb", "display-capture")
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_SSL_REDIRECT = HARDENED
SECURE_REDIRECT_EXEMPT = [r"^healthz/?$", r"^readyz/?$"]
if HARDENED:
    SECURE_HSTS_SECONDS = 2 * 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    # Preloading binds the whole registered domain, which is not the portal's to promise.
    SILENCED_SYSTEM_CHECKS = ["security.W021"]
    if TRUSTED_PROXIES:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HARDENED
SESSION_COOKIE_NAME = "__Host-sessionid" if HARDENED else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HARDENED else "csrftoken"
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "helpdesk.views.csrf_failure"
MFA_REQUIRED_FOR_STAFF = HARDENED

# --- Log: one line of JSON an event, never bodies or tokens --------------------------------------
_shared = [
    structlog.contextvars.merge_contextvars,
    structlog.processors.TimeStamper(fmt="iso"),
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
]
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *_shared,
        structlog.processors.format_exc_info,
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "json": {
            "()": structlog.stdlib.ProcessorFormatter,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
            "foreign_pre_chain": _shared,
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "WARNING")},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.request": {"level": "ERROR"},
        "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
        "django.security.DisallowedHost": {"level": "CRITICAL"},
        "django.channels.server": {"level": "ERROR"},
        "channels_redis": {"level": "CRITICAL"},  # a traceback a second while Redis is away
        "django_structlog": {"level": "ERROR"},
        "post_office": {"handlers": ["console"], "level": "WARNING", "propagate": False},
    },
}
