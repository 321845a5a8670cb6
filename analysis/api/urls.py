"""API addresses of what was computed."""

from rest_framework.routers import SimpleRouter

router = SimpleRouter()
urlpatterns = router.urls
