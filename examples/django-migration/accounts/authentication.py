from accounts.models import Account
from authentication import TokenryAuthentication
from rest_framework.exceptions import AuthenticationFailed


class AccountAuthentication(TokenryAuthentication):
    """Makes `request.user` the Django account that belongs to the token's."""

    def authenticate(self, request):
        known = super().authenticate(request)
        if known is None:
            return None
        caller, claims = known
        account = Account.objects.select_related("user").filter(tokenry_id=caller.pk, user__is_active=True).first()
        if account is None:
            raise AuthenticationFailed("there is no such account here")
        return account.user, claims
