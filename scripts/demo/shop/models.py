from django.db import models


class Product(models.Model):
    name = models.CharField(max_length=40)
    stock = models.IntegerField()


class Order(models.Model):
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    quantity = models.IntegerField()
    placed = models.DateTimeField(auto_now_add=True)


class Delivery(models.Model):
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    quantity = models.IntegerField()
