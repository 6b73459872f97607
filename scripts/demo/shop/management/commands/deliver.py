"""The shop's background worker: one delivery after another, until SIGTERM."""

import json
import signal
import time

from django.core.management.base import BaseCommand
from django.db import OperationalError, transaction

from shop.models import Delivery, Product

PAUSE = 0.05  # seconds between deliveries
QUANTITY = 10  # of each product


class Command(BaseCommand):
    help = "Delivers every product again and again; prints how often it could."

    def handle(self, *args, **options):
        self.stopping = False
        signal.signal(signal.SIGTERM, self.stop)
        self.stdout.write("delivering")
        self.stdout.flush()
        done = failed = 0
        while not self.stopping:
            try:
                self.deliver()
                done += 1
            except OperationalError as error:
                failed += 1
                self.stderr.write(f"{type(error).__module__}.{type(error).__name__}: {error}")
            time.sleep(PAUSE)
        self.stdout.write(json.dumps({"done": done, "failed": failed}))

    def stop(self, signum, frame):
        self.stopping = True

    @transaction.atomic
    def deliver(self):
        for product in Product.objects.all():
            product.stock += QUANTITY
            product.save()
            Delivery.objects.create(product=product, quantity=QUANTITY)
