// Who looks at the app and who is told: the action group, alerts, the probe from outside, the workbook, the budget.
// The workspace is apart (workspace.bicep), for everything else writes to it.

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the action group.')
param actionGroupName string

@description('Addresses that are written to; none: nobody.')
param emails array

@description('Whether alert rules are evaluated.')
param alerts bool

@description('Whether the probe runs.')
param probe bool

@description('Seconds between two requests of the probe from one place.')
param probeSeconds int

@description('Places that the probe asks from.')
param probePlaces array

@description('What the resource group may cost in a month; 0: no budget, for subscriptions that can have none.')
@minValue(0)
param budgetPerMonth int

@description('First day of the budget\'s first month, yyyy-MM-01.')
param budgetStart string

@description('Host name of the API, as callers know it.')
param host string

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

@description('Resource id of the Application Insights resource.')
param applicationInsightsId string

@description('Resource id of the function app.')
param functionAppId string

@description('Resource id of the storage account.')
param storageAccountId string

@description('Resource id of the Cosmos DB account.')
param cosmosAccountId string

@description('Resource id of the storage account\'s system topic.')
param eventTopicId string

module actionGroup 'action-group.bicep' = {
  params: { name: actionGroupName, tags: tags, emails: emails }
}

module rules 'alerts.bicep' = {
  params: {
    location: location
    tags: tags
    actionGroupId: actionGroup.outputs.id
    enabled: alerts
    workspaceId: workspaceId
    storageAccountId: storageAccountId
    cosmosAccountId: cosmosAccountId
    eventTopicId: eventTopicId
  }
}

module availability 'availability.bicep' = {
  params: {
    host: host
    location: location
    tags: tags
    applicationInsightsId: applicationInsightsId
    actionGroupId: actionGroup.outputs.id
    enabled: probe
    seconds: probeSeconds
    places: probePlaces
  }
}

module workbook 'workbook.bicep' = {
  params: {
    location: location
    tags: tags
    workspaceId: workspaceId
    functionAppId: functionAppId
    storageAccountId: storageAccountId
    cosmosAccountId: cosmosAccountId
  }
}

module budget 'budget.bicep' = if (budgetPerMonth > 0) {
  params: {
    amount: budgetPerMonth
    startDate: budgetStart
    emails: emails
    actionGroupId: actionGroup.outputs.id
  }
}
