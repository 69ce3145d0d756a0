from django.urls import path
from rest_framework.decorators import api_view
from rest_framework.response import Response


@api_view()
def orders(request):
    return Response({"owner": request.user.pk, "orders": []})


urlpatterns = [path("orders", orders)]
