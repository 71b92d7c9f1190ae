# The five steps of the API with curl alone. Told by the environment: VESTIBULE_URL, VESTIBULE_API_KEY, HOOK_URL, HOOK_VALUE.
set -euo pipefail
api() { curl -sS --fail-with-body -H "x-api-key: $VESTIBULE_API_KEY" -H 'content-type: application/json' "$@"; }
text() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }

# 1. A draft, with a webhook that is called when the person outside is done.
draft=$(api "$VESTIBULE_URL/api/v1/sources/" -d '{"draft": true, "connector_slug": "postgres", "description": "Shop database",
  "callback_webhook": {"url": "'"$HOOK_URL"'", "header_name": "X-Webhook-Secret", "header_value": "'"$HOOK_VALUE"'"}}')
slug=$(printf %s "$draft" | text slug)

# 2. A setup token; its URL goes to the person outside.
token=$(api "$VESTIBULE_URL/api/v1/sources/$slug/setup-tokens/" -d '{"expires_in_seconds": 86400}')
url=$(printf %s "$token" | text url)

# 3. That person opens it and sends the form.
page=$(curl -sS --fail-with-body -c jar -b jar "$url")
csrf=$(printf %s "$page" | grep -o 'name="_csrf" value="[^"]*"' | tail -1 | cut -d'"' -f4)
status=$(curl -sS -o /dev/null -w '%{http_code}' -c jar -b jar -H 'sec-fetch-site: same-origin' "$url" --data-urlencode "_csrf=$csrf" \
  --data-urlencode /host=db.shop.example --data-urlencode /database=shop --data-urlencode /username=reader \
  --data-urlencode "/password=$PASSWORD_OF_SHOP" --data-urlencode intent=complete)
[ "$status" = 303 ] || { echo "sending answered $status" >&2; exit 1; }

# 4. The webhook is called: the receiver sees to that. The source says the same.
api "$VESTIBULE_URL/api/v1/sources/$slug/" | grep -q '"config_completed":true'
api "$VESTIBULE_URL/api/v1/sources/$slug/setup-tokens/" | grep -q '"state":"used"'

# 5. The credentials, for whoever may read them.
api "$VESTIBULE_URL/api/v1/sources/$slug/credentials/" | grep -q "\"password\":\"$PASSWORD_OF_SHOP\""
printf 'slug=%s\n' "$slug"
