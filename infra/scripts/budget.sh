#!/bin/sh
# Asks Azure which month the budget begins in, for no deployment may give it another (infra/watching/budget.bicep). azd runs it
# before it provisions. Needs the Azure CLI, logged in.
set -eu

[ -n "${AZURE_SUBSCRIPTION_ID:-}" ] || exit 0 # nothing was provisioned yet
group="rg-$AZURE_ENV_NAME"
start=
there=$(az group exists --subscription "$AZURE_SUBSCRIPTION_ID" --name "$group")
if [ "$there" = true ]; then
	start=$(az rest --method get --query "value[?name=='pixcrawler'].properties.timePeriod.startDate" --output tsv \
		--url "/subscriptions/$AZURE_SUBSCRIPTION_ID/resourceGroups/$group/providers/Microsoft.Consumption/budgets?api-version=2024-08-01")
fi
azd env set PIXCRAWLER_BUDGET_START "${start%%T*}"
