from django.conf import settings
from django.db import models


class Account(models.Model):
    """Which of Tokenry's accounts is which of Django's."""

    tokenry_id = models.UUIDField(primary_key=True)
    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
