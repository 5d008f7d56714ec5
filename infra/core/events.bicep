// The storage account's events, and where those go that cannot be delivered. Who is told is in subscriptions.bicep.

@description('Name of the system topic.')
param name string

@description('Azure region: the storage account\'s.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the storage account.')
param storageAccountName string

@description('Container of events that could not be delivered.')
param deadLetterContainer string

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

var roles = loadJsonContent('../roles.json')
var role = 'Storage Blob Data Contributor'

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageAccountName

  resource blobs 'blobServices' existing = {
    name: 'default'

    resource deadLetters 'containers' existing = {
      name: deadLetterContainer
    }
  }
}

resource topic 'Microsoft.EventGrid/systemTopics@2025-02-15' = {
  name: name
  location: location
  tags: tags
  identity: { type: 'SystemAssigned' } // what it may do: write to one container
  properties: {
    source: account.id
    topicType: 'Microsoft.Storage.StorageAccounts'
  }
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: account::blobs::deadLetters
  name: guid(account::blobs::deadLetters.id, topic.id, roles[role])
  properties: {
    principalId: topic.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[role])
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: topic
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'DeliveryFailures', enabled: true }]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Resource id of the system topic.')
output id string = topic.id

@description('Name of the system topic.')
output name string = topic.name
