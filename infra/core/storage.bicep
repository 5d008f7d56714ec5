// The storage account: blob containers and how long what is in them stays, the poison queue, the app's access.

@description('Name of the account.')
param name string

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Redundancy: Standard_LRS, or Standard_ZRS for three zones.')
@allowed(['Standard_LRS', 'Standard_ZRS', 'Standard_GZRS'])
param sku string

@description('Container of the app\'s deployment packages.')
param deploymentContainer string

@description('Container of events that could not be delivered.')
param deadLetterContainer string

@description('Days after which raw shards are deleted. A build needs them for minutes.')
@minValue(1)
param rawDays int

@description('Days after which exports are moved to the cool tier.')
@minValue(1)
param coolExportsAfterDays int

@description('Days for which deleted blobs and containers, and overwritten versions, can be brought back.')
@minValue(1)
@maxValue(365)
param keepDeletedDays int

@description('Whether the account answers from the internet; Disabled needs private endpoints.')
@allowed(['Enabled', 'Disabled'])
param publicNetworkAccess string = 'Enabled'

@description('Object id of the app\'s identity.')
param principalId string

@description('Whether every access to data is logged: who read and wrote what, paid for by the gigabyte.')
param accessLogs bool

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

var roles = loadJsonContent('../roles.json')
// What the Functions host needs of its own account is documented for the account only: it makes containers, queues and
// tables by itself. The account holds nothing but what is this app's.
var appRoles = ['Storage Blob Data Owner', 'Storage Queue Data Contributor', 'Storage Table Data Contributor']
var poisonQueue = 'webjobs-blobtrigger-poison'

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' = {
  name: name
  location: location
  tags: tags
  // checkov:skip=CKV_AZURE_35: whoever has a signed link downloads from the internet; publicNetworkAccess closes it
  // checkov:skip=CKV_AZURE_59: whoever has a signed link downloads; blobs are never public, whatever the network
  // checkov:skip=CKV_AZURE_206: the environment chooses; a development environment's data can be built again
  kind: 'StorageV2'
  sku: { name: sku }
  properties: {
    accessTier: 'Hot'
    allowBlobPublicAccess: false
    allowCrossTenantReplication: false
    allowSharedKeyAccess: false
    defaultToOAuthAuthentication: true
    isLocalUserEnabled: false
    minimumTlsVersion: 'TLS1_2'
    supportsHttpsTrafficOnly: true
    publicNetworkAccess: publicNetworkAccess
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: publicNetworkAccess == 'Enabled' ? 'Allow' : 'Deny'
    }
  }
}

resource blobs 'Microsoft.Storage/storageAccounts/blobServices@2025-01-01' = {
  parent: account
  name: 'default'
  properties: {
    isVersioningEnabled: true
    deleteRetentionPolicy: { enabled: true, days: keepDeletedDays }
    containerDeleteRetentionPolicy: { enabled: true, days: keepDeletedDays }
  }
}

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-01-01' = [
  for container in ['raw', 'uploads', 'datasets', deploymentContainer, deadLetterContainer]: {
    parent: blobs
    name: container
    properties: { publicAccess: 'None' }
  }
]

resource lifecycle 'Microsoft.Storage/storageAccounts/managementPolicies@2025-01-01' = {
  parent: account
  name: 'default'
  properties: {
    policy: {
      rules: [
        {
          name: 'delete-raw'
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['raw/'] }
            actions: {
              baseBlob: { delete: { daysAfterModificationGreaterThan: rawDays } }
              version: { delete: { daysAfterCreationGreaterThan: rawDays } }
            }
          }
        }
        {
          name: 'cool-exports'
          type: 'Lifecycle'
          definition: {
            // Exports lie below their dataset, where no prefix tells them apart: the app tags them.
            filters: {
              blobTypes: ['blockBlob']
              prefixMatch: ['datasets/']
              blobIndexMatch: [{ name: 'kind', op: '==', value: 'export' }]
            }
            actions: { baseBlob: { tierToCool: { daysAfterModificationGreaterThan: coolExportsAfterDays } } }
          }
        }
        {
          name: 'delete-old-versions'
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'] } // of every container: the Functions host has some of its own
            actions: { version: { delete: { daysAfterCreationGreaterThan: keepDeletedDays } } }
          }
        }
        {
          name: 'delete-dead-letters'
          type: 'Lifecycle'
          definition: {
            filters: { blobTypes: ['blockBlob'], prefixMatch: ['${deadLetterContainer}/'] }
            actions: { baseBlob: { delete: { daysAfterModificationGreaterThan: 30 } } }
          }
        }
      ]
    }
  }
  dependsOn: [blobs] // rules for versions are refused until versioning is on
}

resource queues 'Microsoft.Storage/storageAccounts/queueServices@2025-01-01' = {
  parent: account
  name: 'default'
}

resource poison 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-01-01' = {
  parent: queues
  name: poisonQueue
}

resource assignments 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for role in appRoles: {
    scope: account
    name: guid(account.id, principalId, roles[role])
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[role])
    }
  }
]

resource blobDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: blobs
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [
      for category in ['StorageRead', 'StorageWrite', 'StorageDelete']: { category: category, enabled: accessLogs }
    ]
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

// Without logs: queues are polled every two seconds, which says nothing and costs.
resource queueDiagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: queues
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    metrics: [{ category: 'Transaction', enabled: true }]
  }
}

@description('Resource id of the account.')
output id string = account.id

@description('Name of the account.')
output name string = account.name

@description('Address of its blobs, with a slash at the end.')
output blobEndpoint string = account.properties.primaryEndpoints.blob

@description('Address of its queues, with a slash at the end.')
output queueEndpoint string = account.properties.primaryEndpoints.queue

@description('Address of its tables, with a slash at the end.')
output tableEndpoint string = account.properties.primaryEndpoints.table
