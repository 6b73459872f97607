from django.db import transaction
from django.http import JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from .models import Order, Product


@require_GET
def products(request):
    return JsonResponse({"products": list(Product.objects.values("id", "name", "stock"))})


@csrf_exempt
@require_POST
@transaction.atomic
def buy(request, product_id):
    """The way most views are written: look, decide, then write."""
    product = get_object_or_404(Product, pk=product_id)
    if product.stock < 1:
        return JsonResponse({"error": "sold out"}, status=409)
    order = Order.objects.create(product=product, quantity=1)
    product.stock -= order.quantity
    product.save()
    return JsonResponse({"order": order.pk})
