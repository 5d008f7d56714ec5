// The Durable Task Scheduler: where orchestrations are kept, unless that is Azure Storage; the app's access.

@description('Name of the scheduler.')
param name string

@description('Azure region; the service is not in all of them.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the task hub: that of host.json.')
param taskHubName string

@description('Consumption: paid by action, 500 of them a second. Dedicated: paid by capacity unit, 2,000 a second each.')
@allowed(['Consumption', 'Dedicated'])
param sku string

@description('Days after which the histories of orchestrations that have ended are removed.')
@minValue(1)
param historyDays int

@description('Object id of the app\'s identity.')
param principalId string

var roles = loadJsonContent('../roles.json')
var role = 'Durable Task Data Contributor'

resource scheduler 'Microsoft.DurableTask/schedulers@2025-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    sku: sku == 'Dedicated' ? { name: 'Dedicated', capacity: 1 } : { name: 'Consumption' }
    ipAllowlist: ['0.0.0.0/0'] // the service knows no keys: who may come in is decided by role
  }
}

resource taskHub 'Microsoft.DurableTask/schedulers/taskHubs@2025-11-01' = {
  parent: scheduler
  name: taskHubName
}

resource retention 'Microsoft.DurableTask/schedulers/retentionPolicies@2025-11-01' = {
  parent: scheduler
  name: 'default'
  properties: { retentionPolicies: [{ retentionPeriodInDays: historyDays }] }
  dependsOn: [taskHub] // one change of the scheduler at a time
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: taskHub
  name: guid(taskHub.id, principalId, roles[role])
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[role])
  }
}

@description('Address of the scheduler.')
output endpoint string = scheduler.properties.endpoint

@description('Where the task hub\'s orchestrations can be looked at.')
output dashboardUrl string = taskHub.properties.dashboardUrl
