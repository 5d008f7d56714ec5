# Asks Azure which month the budget begins in: what budget.sh does, for Windows.
$ErrorActionPreference = 'Stop'

if (-not $env:AZURE_SUBSCRIPTION_ID) { exit 0 } # nothing was provisioned yet
$group = "rg-$env:AZURE_ENV_NAME"
$start = ''
$there = az group exists --subscription $env:AZURE_SUBSCRIPTION_ID --name $group
if ($LASTEXITCODE -ne 0) { throw 'Sign in to the Azure CLI first: az login' }
if ($there -eq 'true') {
    $start = az rest --method get --query "value[?name=='pixcrawler'].properties.timePeriod.startDate" --output tsv `
        --url "/subscriptions/$env:AZURE_SUBSCRIPTION_ID/resourceGroups/$group/providers/Microsoft.Consumption/budgets?api-version=2024-08-01"
    if ($LASTEXITCODE -ne 0) { throw "the budgets of $group cannot be read" }
}
azd env set PIXCRAWLER_BUDGET_START "$("$start".Split('T')[0])"
