"""Addresses for programs and probes."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.negotiation import DefaultContentNegotiation

from apps.api.documents import errors_page
from apps.api.errors import no_such_address
from apps.api.probes import livez, readyz

urlpatterns = [
    path("livez", livez, name="livez"),
    path("readyz", readyz, name="readyz"),
    path(
        "api/schema",
        SpectacularAPIView.as_view(throttle_classes=[], content_negotiation_class=DefaultContentNegotiation),
        name="schema",
    ),
    path("api/docs", SpectacularSwaggerView.as_view(throttle_classes=[], url_name="schema"), name="docs"),
    path("docs/errors", errors_page, name="errors"),
    path("api/v1/", include("apps.api.v1.urls")),
    path("api/<path:address>", no_such_address),
]
