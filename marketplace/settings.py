"""Every setting, read from the environment, with its type.

Importing this module needs no database, no broker and no secret: what must be there to serve
people is refused at start by ``marketplace.checks``.
"""

from pathlib import Path
from zoneinfo import ZoneInfo

from environs import Env, validate

from marketplace import api_description

env = Env()


def _listed(name: str, default: str = "") -> list[str]:
    """Comma-separated; spaces around and nothing between the commas mean nothing."""
    return [entry.strip() for entry in env.list(name, default.split(",")) if entry.strip()]


BASE_DIR = Path(__file__).resolve().parent.parent

# --- Which house this is -------------------------------------------------------------------------

# The sandbox: a movable clock, mail on a page, pretend money. Never with a live key (checks.py).
SANDBOX = env.bool("SANDBOX", False)
DEBUG = env.bool("DEBUG", False)
SITE_URL = env.str("SITE_URL", "http://127.0.0.1:8000" if SANDBOX else "").rstrip("/")
# Where browsers reach the live process; without it pages simply do not move by themselves.
LIVE_URL = env.str("LIVE_URL", "").rstrip("/")
SECRET_KEY = env.str("SECRET_KEY", "")
# Earlier ones: what they signed or sealed still opens, until they are taken out again.
SECRET_KEY_FALLBACKS = _listed("SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = _listed("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]")
CSRF_TRUSTED_ORIGINS = _listed("CSRF_TRUSTED_ORIGINS")
HTTPS = SITE_URL.startswith("https://")

if not SECRET_KEY and SANDBOX:
    SECRET_KEY = "demo-only-not-a-secret-demo-only-not-a-secret-demo-only"

# With it the platform signs what both sides of a contract have accepted: 32 bytes in hex. Every key
# that has signed stays published by itself, so a new one is simply set.
SIGNING_KEY = env.str("SIGNING_KEY", b"demo-only-not-a-secret-demo-only".hex() if SANDBOX else "")

# --- What it is built of -------------------------------------------------------------------------

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.forms",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "django_cotton",
    "django_htmx",
    "csp",
    "lucide",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "marketplace",
    "accounts",
    "payments",
    "projects",
]

MIDDLEWARE = [
    "marketplace.common.http.WholeBodyMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "marketplace.common.http.BodyLimitMiddleware",
    "marketplace.common.http.AddressMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "marketplace.common.clock.ClockMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.web.middleware.DoorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.web.middleware.TimeZoneMiddleware",
    "marketplace.common.http.RefusalMiddleware",
]

ROOT_URLCONF = "marketplace.urls"
WSGI_APPLICATION = "marketplace.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FORM_RENDERER = "marketplace.common.forms.MilepostFormRenderer"

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
                "marketplace.common.http.house",
                "accounts.web.context.person",
                "projects.web.desk.places.desk_places",
            ],
            "libraries": {
                "milepost": "marketplace.common.templatetags.milepost",
                "looks": "marketplace.common.templatetags.looks",
            },
        },
    },
]

# --- Services ------------------------------------------------------------------------------------

DATABASES = {
    "default": env.dj_db_url("DATABASE_URL", "postgresql:///milepost", conn_max_age=60)
    | {"ATOMIC_REQUESTS": False, "CONN_HEALTH_CHECKS": True}
}
CELERY_BROKER_URL = REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        # A silent Valkey must not hang a request.
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 2},
    }
}

STRIPE_API_BASE = env.str("STRIPE_API_BASE", "")
STRIPE_SECRET_KEY = env.str("STRIPE_SECRET_KEY", "")
# By all processes together: what the provider allows to each of its addresses, unless it was asked
# for more.
STRIPE_CALLS_PER_SECOND = env.float("STRIPE_CALLS_PER_SECOND", 25.0, validate=validate.Range(min=1))
# Several secrets, comma-separated, while one is being rolled.
STRIPE_WEBHOOK_SECRETS = _listed("STRIPE_WEBHOOK_SECRET")

EMAIL_BACKEND = (
    "accounts.notifications.backends.OutboxBackend"
    if SANDBOX
    else "django.core.mail.backends.smtp.EmailBackend"
)
_mail = env.dj_email_url("EMAIL_URL", "smtp://127.0.0.1:25")
EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"], _mail["EMAIL_PORT"]
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_USER"], _mail["EMAIL_HOST_PASSWORD"]
EMAIL_USE_TLS, EMAIL_TIMEOUT = _mail["EMAIL_USE_TLS"], 10
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", "Milepost <no-reply@milepost.example>")

# --- People --------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "my-work"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.web.forms.SignupForm"
ACCOUNT_ADAPTER = "accounts.web.adapter.AccountAdapter"
ACCOUNT_SESSION_REMEMBER = True
# An address, a factor or a token changes only for who has just shown the password again.
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXIES", 0)
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ADAPTER = "accounts.access.vault.SealingAdapter"
MFA_TOTP_ISSUER = "Milepost"
# Phones are late or early by a few seconds: the code before and the code after count too.
MFA_TOTP_TOLERANCE = 1

# --- API -----------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "marketplace.common.api.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["marketplace.common.api.JsonParser"],
    "DEFAULT_PAGINATION_CLASS": "marketplace.common.api.CursorPage",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "marketplace.common.api.refuse_in_words",
    "NUM_PROXIES": ALLAUTH_TRUSTED_PROXY_COUNT,
}
SPECTACULAR_SETTINGS = api_description.SETTINGS
# Tokens have names, so the table is ours, and the library's own is not made.
KNOX_TOKEN_MODEL = "accounts.ApiToken"
MIGRATION_MODULES = {"knox": None}
REST_KNOX = {"TOKEN_TTL": None, "AUTO_REFRESH": False, "TOKEN_PREFIX": "mp_"}

# --- Language, time, money -----------------------------------------------------------------------

# Of pages and refusals. In these people read what they are told and mailed; each has its catalogue
# in locale/ and its manners in marketplace/common/words.py.
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
# Where the staff works: there the weekend falls that working days leave out.
STAFF_TIME_ZONE = ZoneInfo(env.str("STAFF_TIME_ZONE", "UTC"))
CURRENCIES = _listed("CURRENCIES", "USD,EUR,GBP,JPY,KWD")

# --- Files ---------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(BASE_DIR / "staticfiles")))
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", str(BASE_DIR / ".data" / "media")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if SANDBOX
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = SANDBOX
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
MAX_FILE_BYTES = 25 * 1024 * 1024
MAX_FILES = 10
# All that is ever attached to one posting or bid, with what earlier wordings keep.
MAX_ATTACHED_BYTES = 100 * 1024 * 1024
# A whole request: a delivery of files and some text.
MAX_BODY_BYTES = 60 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500

# --- Safety --------------------------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS and env.bool("SSL_REDIRECT", True)
# Machines that watch over a process ask it directly, behind the proxy that ends TLS.
SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if ALLAUTH_TRUSTED_PROXY_COUNT else None
)
CSRF_FAILURE_VIEW = "marketplace.common.http.refuse_csrf"

# The provider's pages that our forms lead to: its pay page and its onboarding page.
_PROVIDER_PAGES = _listed("STRIPE_API_BASE") or [
    f"https://{name}.stripe.com" for name in ("checkout", "connect")
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'", *([LIVE_URL] if LIVE_URL else [])],
        "manifest-src": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        "form-action": ["'self'", *_PROVIDER_PAGES],
    }
}

METRICS_TOKEN = env.str("METRICS_TOKEN", "")
# Where a worker asks whether web answers; without it web is not looked at.
WEB_WATCH_URL = env.str("WEB_WATCH_URL", "")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", "INFO")},
    # Each letter of a paper is worth a line to those who set it.
    "loggers": {name: {"level": "WARNING"} for name in ("stripe", "fontTools", "fpdf")},
}
