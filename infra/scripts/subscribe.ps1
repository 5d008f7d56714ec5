# Subscribes the app to the storage account's events: what subscribe.sh does, for Windows.
$ErrorActionPreference = 'Stop'

if (-not $env:AZURE_RESOURCE_GROUP) { throw 'Run this by azd: azd hooks run postdeploy' }
$app = $env:PIXCRAWLER_FUNCTION_APP

# The first request starts an instance, which makes the webhook's key: there is nothing to subscribe before that.
for ($try = 1; ; $try++) {
    $key = $null
    try {
        Invoke-WebRequest -Uri "$env:PIXCRAWLER_URL/api/v1/health/live" -TimeoutSec 30 | Out-Null
        $key = az functionapp keys list --resource-group $env:AZURE_RESOURCE_GROUP --name $app --query "systemKeys.blobs_extension && 'there'" --output tsv
    } catch { Write-Host $_ }
    if ($key) { break }
    if ($try -ge 20) { throw "$app does not answer, or has no key blobs_extension: see its log stream, then run 'azd hooks run postdeploy'" }
    Start-Sleep -Seconds 15
}

# Event Grid waits some seconds for the webhook's word; an instance of its own may have to start for that.
for ($try = 1; ; $try++) {
    az deployment group create --resource-group $env:AZURE_RESOURCE_GROUP --name subscriptions --output none `
        --template-file "$PSScriptRoot/../core/subscriptions.bicep" `
        --parameters functionAppName=$app storageAccountName=$env:PIXCRAWLER_STORAGE_ACCOUNT `
        systemTopicName=$env:PIXCRAWLER_SYSTEM_TOPIC deadLetterContainer=$env:PIXCRAWLER_DEAD_LETTER_CONTAINER
    if ($LASTEXITCODE -eq 0) { break }
    if ($try -ge 5) { throw "the events of $env:PIXCRAWLER_STORAGE_ACCOUNT are not subscribed: see docs/azure.md, 'Events'" }
    Start-Sleep -Seconds 20
}
Write-Host "$app is told of new blobs of $env:PIXCRAWLER_STORAGE_ACCOUNT"
