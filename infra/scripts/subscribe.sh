#!/bin/sh
# Subscribes the app to the storage account's events (infra/core/subscriptions.bicep). azd runs it after every deployment of the
# code, with the outputs of main.bicep in the environment; running it again changes nothing. Needs the Azure CLI, logged in.
set -eu

: "${AZURE_RESOURCE_GROUP:?run this by azd, or: eval \"\$(azd env get-values | sed 's/^/export /')\"}"
here=$(dirname "$0")
app=$PIXCRAWLER_FUNCTION_APP
tries=20

# The first request starts an instance, which makes the webhook's key: there is nothing to subscribe before that.
until curl --fail --silent --show-error --output /dev/null --max-time 30 "$PIXCRAWLER_URL/api/v1/health/live" &&
	[ -n "$(az functionapp keys list --resource-group "$AZURE_RESOURCE_GROUP" --name "$app" --query "systemKeys.blobs_extension && 'there'" --output tsv)" ]; do
	tries=$((tries - 1))
	[ "$tries" -gt 0 ] || { echo "$app does not answer, or has no key blobs_extension: see its log stream, then run 'azd hooks run postdeploy'" >&2; exit 1; }
	sleep 15
done

# Event Grid waits some seconds for the webhook's word; an instance of its own may have to start for that.
tries=5
until az deployment group create --resource-group "$AZURE_RESOURCE_GROUP" --name subscriptions --output none \
	--template-file "$here/../core/subscriptions.bicep" \
	--parameters functionAppName="$app" storageAccountName="$PIXCRAWLER_STORAGE_ACCOUNT" \
	systemTopicName="$PIXCRAWLER_SYSTEM_TOPIC" deadLetterContainer="$PIXCRAWLER_DEAD_LETTER_CONTAINER"; do
	tries=$((tries - 1))
	[ "$tries" -gt 0 ] || { echo "the events of $PIXCRAWLER_STORAGE_ACCOUNT are not subscribed: see docs/azure.md, 'Events'" >&2; exit 1; }
	sleep 20
done
echo "$app is told of new blobs of $PIXCRAWLER_STORAGE_ACCOUNT"
