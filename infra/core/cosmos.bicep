// The Cosmos DB account, its database, its containers and what of their documents is indexed, the app's access.

@description('Name of the account.')
param name string

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the database.')
param databaseName string

@description('serverless: paid by request unit, nothing while idle. autoscale: a share of maxThroughput is always paid for.')
@allowed(['serverless', 'autoscale'])
param mode string

@description('Request units a second at most, shared by all containers; with autoscale a tenth of it is the least.')
@minValue(1000)
param maxThroughput int

@description('Whether the account is spread over the region\'s zones.')
param zoneRedundant bool

@description('How far back the account can be restored to any moment.')
@allowed(['Continuous7Days', 'Continuous30Days'])
param backup string

@description('Whether the account answers from the internet; Disabled needs a private endpoint.')
@allowed(['Enabled', 'Disabled'])
param publicNetworkAccess string = 'Enabled'

@description('Object id of the app\'s identity.')
param principalId string

@description('Whether every access to data is logged: who read and wrote what, paid for by the gigabyte.')
param accessLogs bool

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

var containers = loadJsonContent('containers.json')
var dataContributor = '00000000-0000-0000-0000-000000000002' // Cosmos DB Built-in Data Contributor, the same in every account

resource account 'Microsoft.DocumentDB/databaseAccounts@2025-04-15' = {
  name: name
  location: location
  tags: tags
  // checkov:skip=CKV_AZURE_101: the app has no fixed address without a VNet; keys are off, roles decide who comes in
  // checkov:skip=CKV_AZURE_99: as above; publicNetworkAccess closes it
  kind: 'GlobalDocumentDB'
  properties: {
    databaseAccountOfferType: 'Standard'
    capabilities: mode == 'serverless' ? [{ name: 'EnableServerless' }] : []
    consistencyPolicy: { defaultConsistencyLevel: 'Session' }
    locations: [{ locationName: location, failoverPriority: 0, isZoneRedundant: zoneRedundant }]
    backupPolicy: { type: 'Continuous', continuousModeProperties: { tier: backup } }
    disableLocalAuth: true
    disableKeyBasedMetadataWriteAccess: true
    minimalTlsVersion: 'Tls12'
    publicNetworkAccess: publicNetworkAccess
  }
}

resource database 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases@2025-04-15' = {
  parent: account
  name: databaseName
  properties: {
    resource: { id: databaseName }
    options: mode == 'autoscale' ? { autoscaleSettings: { maxThroughput: maxThroughput } } : {}
  }
}

resource collections 'Microsoft.DocumentDB/databaseAccounts/sqlDatabases/containers@2025-04-15' = [
  for container in containers: {
    parent: database
    name: container.name
    properties: {
      // -1: documents expire where they say so. A container whose documents stay names no time to live at all.
      resource: union(container.expires ? { defaultTtl: -1 } : {}, {
        id: container.name
        partitionKey: { kind: 'Hash', version: 2, paths: [container.partitionKey] }
        indexingPolicy: {
          automatic: true
          indexingMode: 'consistent'
          includedPaths: container.includedPaths
          excludedPaths: [{ path: '/*' }]
        }
      })
    }
  }
]

// The SDK asks the account where its regions are, before it asks the database anything.
resource metadataReader 'Microsoft.DocumentDB/databaseAccounts/sqlRoleDefinitions@2025-04-15' = {
  parent: account
  name: guid(account.id, 'metadata-reader')
  properties: {
    roleName: 'PixCrawler metadata reader'
    type: 'CustomRole'
    assignableScopes: [account.id]
    permissions: [{ dataActions: ['Microsoft.DocumentDB/databaseAccounts/readMetadata'] }]
  }
}

resource reads 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2025-04-15' = {
  parent: account
  name: guid(account.id, principalId, metadataReader.id)
  properties: {
    principalId: principalId
    roleDefinitionId: metadataReader.id
    scope: account.id
  }
}

resource writes 'Microsoft.DocumentDB/databaseAccounts/sqlRoleAssignments@2025-04-15' = {
  parent: account
  name: guid(database.id, principalId, dataContributor)
  properties: {
    principalId: principalId
    roleDefinitionId: '${account.id}/sqlRoleDefinitions/${dataContributor}'
    scope: '${account.id}/dbs/${database.name}'
  }
  dependsOn: [reads] // one after the other: of two at once, the account refuses one (412)
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: account
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logAnalyticsDestinationType: 'Dedicated'
    logs: [
      { category: 'DataPlaneRequests', enabled: accessLogs }
      { category: 'ControlPlaneRequests', enabled: true }
    ]
    metrics: [{ category: 'Requests', enabled: true }]
  }
}

@description('Resource id of the account.')
output id string = account.id

@description('Name of the account.')
output name string = account.name

@description('Address of the account.')
output endpoint string = account.properties.documentEndpoint
