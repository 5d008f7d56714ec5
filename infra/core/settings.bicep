// The function app's settings: what only Azure knows, secrets by reference, and the settings of app-settings.json.

@description('Name of the function app.')
param appName string

@description('Client id of the app\'s identity.')
param clientId string

@description('Address of the storage account\'s blobs.')
param blobEndpoint string

@description('Address of the storage account\'s queues.')
param queueEndpoint string

@description('Address of the storage account\'s tables.')
param tableEndpoint string

@description('Address of the Cosmos DB account.')
param cosmosEndpoint string

@description('Name of the database.')
param databaseName string

@description('Address of the Durable Task Scheduler; empty: orchestrations are kept in the storage account.')
param schedulerEndpoint string

@description('Name of the Application Insights resource.')
param applicationInsightsName string

@description('Name of the Key Vault.')
param vaultName string

@description('Setting -> name of the secret in the Key Vault that it comes from.')
param secrets object

@description('Setting -> value, over those of app-settings.json.')
param overrides object

@description('Proxies in front of the app that add to X-Forwarded-For; Azure\'s own front end is one.')
@minValue(1)
param proxyHops int

@description('Host name that signed links lead to; empty: the storage account\'s own.')
param linkHost string = ''

var common = loadJsonContent('app-settings.json')
var references = toObject(
  items(secrets),
  secret => secret.key,
  secret => '@Microsoft.KeyVault(VaultName=${vaultName};SecretName=${secret.value})'
)
// host.json names the scheduler, for the platform's scaling reads the backend in that file and knows no settings over it
// (github.com/Azure/azure-functions-durable-extension/issues/2622). With Azure Storage, change host.json too.
var durable = empty(schedulerEndpoint)
  ? {
      AzureFunctionsJobHost__extensions__durableTask__storageProvider__type: 'AzureStorage'
      AzureFunctionsJobHost__extensions__durableTask__storageProvider__connectionStringName: 'AzureWebJobsStorage'
    }
  : {
      DURABLE_TASK_SCHEDULER_CONNECTION_STRING: 'Endpoint=${schedulerEndpoint};Authentication=ManagedIdentity;ClientID=${clientId}'
    }

resource app 'Microsoft.Web/sites@2024-11-01' existing = {
  name: appName
}

resource applicationInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: applicationInsightsName
}

resource settings 'Microsoft.Web/sites/config@2024-11-01' = {
  // checkov:skip=CKV_AZURE_13: these are app settings (config/appsettings), which checkov takes for config/web
  // checkov:skip=CKV_AZURE_63: these are app settings (config/appsettings), which checkov takes for config/web
  // checkov:skip=CKV_AZURE_65: these are app settings (config/appsettings), which checkov takes for config/web
  // checkov:skip=CKV_AZURE_66: these are app settings (config/appsettings), which checkov takes for config/web
  // checkov:skip=CKV_AZURE_80: these are app settings (config/appsettings), which checkov takes for config/web
  // checkov:skip=CKV_AZURE_88: these are app settings (config/appsettings), which checkov takes for config/web
  // checkov:skip=CKV_AZURE_222: these are app settings (config/appsettings), which checkov takes for config/web
  parent: app
  name: 'appsettings'
  properties: union(common, overrides, references, durable, {
    APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${clientId};Authorization=AAD'
    APPLICATIONINSIGHTS_CONNECTION_STRING: applicationInsights.properties.ConnectionString
    AzureWebJobsStorage__blobServiceUri: blobEndpoint
    AzureWebJobsStorage__clientId: clientId
    AzureWebJobsStorage__credential: 'managedidentity'
    AzureWebJobsStorage__queueServiceUri: queueEndpoint
    AzureWebJobsStorage__tableServiceUri: tableEndpoint
    PIXCRAWLER_COSMOS_DATABASE: databaseName
    PIXCRAWLER_COSMOS_ENDPOINT: cosmosEndpoint
    PIXCRAWLER_LINK_HOST: linkHost
    PIXCRAWLER_PROXY_HOPS: string(proxyHops)
  })
}
