"""API addresses of what was observed."""

from rest_framework.routers import SimpleRouter

router = SimpleRouter()
urlpatterns = router.urls
