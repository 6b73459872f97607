"""Drives the shop's web server as a handful of customers would: look, buy, look, buy, with short pauses."""

import http.client
import random
import threading
import time

CLIENTS = 8
PAUSE = 0.02  # seconds, at most, between two requests of one client
LIMIT = 5000  # requests of one client
PATIENCE = 120  # seconds for one answer: longer than any busy timeout, so that no client gives up on a purchase


class Client(threading.Thread):
    """One customer. bought, answered and failed count requests; latencies are of the answered ones, in seconds."""

    def __init__(self, port, products, seconds):
        super().__init__(daemon=True)
        self.port, self.products, self.seconds = port, products, seconds
        self.bought = self.failed = 0
        self.latencies = []

    def run(self):
        end = time.monotonic() + self.seconds
        for _ in range(LIMIT // 2):
            self.request("GET", "/")
            if self.request("POST", f"/buy/{random.choice(self.products)}/"):
                self.bought += 1
            if time.monotonic() > end:
                break

    def request(self, method, path):
        start = time.monotonic()
        status = fetch(self.port, method, path)
        if status == 200:
            self.latencies.append(time.monotonic() - start)
        else:
            self.failed += 1
        time.sleep(random.uniform(0, PAUSE))
        return status == 200


def fetch(port, method, path):
    """The status of one request on a connection of its own; 0 if there was no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request(method, path)
        response = connection.getresponse()
        response.read()
        return response.status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def drive(port, products, seconds):
    """Runs all clients for so many seconds; returns them when each has had its last answer."""
    clients = [Client(port, products, seconds) for _ in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return clients
