"""Settings, read once from the environment; every one has a working default. Elsewhere: `django.conf.settings` only.

`NAME_FILE` may hold the path of a file with the value, for secrets handed over by an orchestrator.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.core.management.utils import get_random_secret_key

from pult.lib.logs import logging_config
from pult.lib.postgres import database_settings

BASE_DIR = Path(__file__).resolve().parent.parent.parent


def env_text(name: str, default: str = "") -> str:
    """The value of `name`, or the content of the file that `name`_FILE points to, or the default."""
    file = os.environ.get(f"{name}_FILE")
    if file:
        return Path(file).read_text(encoding="utf-8").strip()
    return os.environ.get(name, "").strip() or default


def env_bool(name: str, default: bool = False) -> bool:
    return env_text(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def env_number(name: str, default: int, *, least: int) -> int:
    text = env_text(name, str(default))
    try:
        value = int(text)
    except ValueError:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {text!r}.") from None
    if value < least:
        raise ImproperlyConfigured(f"{name} must be at least {least}, not {value}.")
    return value


def env_list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in env_text(name, default).split(",") if part.strip()]


def kept_secret(data_dir: Path) -> str:
    """The installation's secret key: made at the first start and kept, readable by its owner only."""
    file = data_dir / "keys" / "secret_key"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # written aside and linked in place: two first starts at once agree on one key
        draft = file.with_name(f"{file.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(get_random_secret_key(), encoding="ascii")
        try:
            os.link(draft, file)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return file.read_text(encoding="ascii").strip()


def database_from_url(url: str) -> dict[str, object]:
    """Django's form of postgresql://user:password@host:port/name?option=value."""
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise ImproperlyConfigured("PULT_DATABASE_URL must look like postgresql://user:password@host:5432/name.")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(parts.hostname or "")),
        "PORT": options.pop("port", str(parts.port or "")),
        "OPTIONS": options,
    }


def email_from_url(url: str, data_dir: Path) -> dict[str, object]:
    """Django's settings of smtp://user:password@host:port (STARTTLS) or smtps://…; without one, mails are files."""
    if not url:
        folder = data_dir / "mail"
        return {"EMAIL_BACKEND": "django.core.mail.backends.filebased.EmailBackend", "EMAIL_FILE_PATH": folder}
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ImproperlyConfigured("PULT_EMAIL_URL must look like smtp://user:password@mail.example:587.")
    wrapped = parts.scheme == "smtps"
    options = dict(parse_qsl(parts.query))
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if wrapped else 587),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": wrapped,
        "EMAIL_USE_TLS": not wrapped and options.get("tls", "true") != "false",
        "EMAIL_TIMEOUT": 20,
    }


PULT_DATA_DIR = Path(env_text("PULT_DATA_DIR", "./var")).expanduser().resolve()
PULT_BIND = env_text("PULT_BIND", "127.0.0.1:8000")
PULT_PUBLIC_URL = env_text("PULT_PUBLIC_URL", f"http://{PULT_BIND}").rstrip("/")
PULT_SYNC_INTERVAL = env_number("PULT_SYNC_INTERVAL", 30, least=1)
PULT_DATABASE_URL = env_text("PULT_DATABASE_URL")
PULT_EMAIL_URL = env_text("PULT_EMAIL_URL")
PULT_DEMO = env_bool("PULT_DEMO")
PULT_SANDBOX_PORT = env_number("PULT_SANDBOX_PORT", 8090, least=1)
PULT_SANDBOX_URL = env_text("PULT_SANDBOX_URL", f"http://127.0.0.1:{PULT_SANDBOX_PORT}").rstrip("/")
# lists the sandbox shops that the wizard offers: a function of the address above, named here because it stands higher
PULT_SANDBOX_SHOPS = "pult.sandbox.woocommerce.demo.shops_at"
PULT_TIME_ZONE = env_text("PULT_TIME_ZONE", "Europe/Budapest")
PULT_WORKER_CONCURRENCY = env_number("PULT_WORKER_CONCURRENCY", 24, least=1)

SECRET_KEY = env_text("PULT_SECRET_KEY") or kept_secret(PULT_DATA_DIR)
DEBUG = env_bool("PULT_DEBUG")
ALLOWED_HOSTS = env_list("PULT_ALLOWED_HOSTS", "localhost,127.0.0.1")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "pult.ui",
    "pult.history",
    "pult.accounts",
    "pult.catalogue",
    "pult.customers",
    "pult.channels",
    "pult.inbox",
    "pult.orders",
    "pult.sync",
    "pult.reports",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "template_partials",
    "procrastinate.contrib.django",
]

MIDDLEWARE = [
    "pult.project.middleware.ApiProblemMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "pult.project.middleware.RequestContextMiddleware",
    "pult.project.middleware.ContentSecurityPolicyMiddleware",
]

ROOT_URLCONF = "pult.project.urls"
WSGI_APPLICATION = "pult.project.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "pult.project.context.shell",
                "pult.ui.context.shell",
            ],
        },
    },
]

DATABASES = {
    "default": {
        **(database_from_url(PULT_DATABASE_URL) if PULT_DATABASE_URL else database_settings(PULT_DATA_DIR)),
        # one connection a thread, kept; checked before use, so that a restarted database heals by itself
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "pult.accounts.adapter.ClosedSignup"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_RATE_LIMITS = {"login": "60/m/ip", "login_failed": "10/m/ip,5/5m/key", "reset_password": "20/m/ip,5/m/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Pult"

CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "project_cache"}}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 60 * 60 * 12
SESSION_SAVE_EVERY_REQUEST = False
_TLS = PULT_PUBLIC_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _TLS else None
SECURE_HSTS_SECONDS = 31_536_000 if _TLS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_TRUSTED_ORIGINS = [PULT_PUBLIC_URL]
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024

globals().update(email_from_url(PULT_EMAIL_URL, PULT_DATA_DIR))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env_text("PULT_EMAIL_FROM", f"pult@{urlsplit(PULT_PUBLIC_URL).hostname}")

LANGUAGE_CODE = "hu"
LANGUAGES = [("hu", "Magyar"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = PULT_TIME_ZONE

STATIC_URL = "static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "pult.project.static.CollectedStaticFiles"},
}
STATIC_ROOT = PULT_DATA_DIR / "static"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
MEDIA_ROOT = PULT_DATA_DIR / "media"

SILENCED_SYSTEM_CHECKS: list[str] = []
LOGGING = logging_config(env_text("PULT_LOG_LEVEL", "INFO"), json=env_bool("PULT_LOG_JSON"))
LOGGING_CONFIG = "logging.config.dictConfig"
