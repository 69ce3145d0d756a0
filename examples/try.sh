# Signs somebody up and calls a service as them: sh examples/try.sh http://127.0.0.1:8001
set -eu
tokenry=${TOKENRY:-http://127.0.0.1:7519} service=$1

token=$(curl -s "$tokenry/v1/signup" -H 'Content-Type: application/json' \
  -d "{\"username\":\"try$(date +%s)n$$\",\"password\":\"correct horse battery\"}" | sed -E 's/.*"access_token":"([^"]*)".*/\1/')
echo "without a token: $(curl -s -o /dev/null -w '%{http_code}' "$service/orders")"
echo "with a token: $(curl -s "$service/orders" -H "Authorization: Bearer $token")"
