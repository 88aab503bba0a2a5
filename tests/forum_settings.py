"""Settings under which openedx-forum serves its own HTTP API, from one SQLite file, without search.

Read by that server alone, which has a virtual environment of its own.
"""

import os

SECRET_KEY = "loopback"
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "forum.urls"
FORUM_ENABLE_HTTP_API = True
FORUM_SEARCH_BACKEND = "tests.forum_settings.Unsearched"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["FORUM_DATABASE"],
        "OPTIONS": {"timeout": 20},
    }
}
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "rest_framework",
    "rest_framework.authtoken",
    "forum",
]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"]
}
TIME_ZONE = "UTC"  # the forum writes local times with a Z, so Open edX runs in UTC
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
FEATURES: dict[str, bool] = {}


class Documents:
    """A search index that keeps nothing: what it needs else is a server of its own."""

    def index_document(self, index_name: str, doc_id: str, document: object) -> None:
        pass

    def update_document(self, index_name: str, doc_id: str, update_data: object) -> None:
        pass

    def delete_document(self, index_name: str, doc_id: str) -> None:
        pass


class Unsearched:
    DOCUMENT_SEARCH_CLASS = Documents
    INDEX_SEARCH_CLASS = Documents
    THREAD_SEARCH_CLASS = Documents
