from django.urls import path

from . import views

urlpatterns = [
    path("", views.products),
    path("buy/<int:product_id>/", views.buy),
]
