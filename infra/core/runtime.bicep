// The function app on a Flex Consumption plan: Python, its package, how it scales.

@description('Name of the function app.')
param name string

@description('Name of the plan.')
param planName string

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource id of the app\'s identity.')
param identityId string

@description('Address of the storage account\'s blobs, with a slash at the end.')
param blobEndpoint string

@description('Container of the deployment packages.')
param deploymentContainer string

@description('Memory of an instance.')
@allowed([2048, 4096])
param instanceMemoryMB int

@description('Instances at most.')
@minValue(40)
@maxValue(1000)
param maximumInstanceCount int

@description('Requests at once at one instance, before another is started.')
@minValue(1)
@maxValue(1000)
param httpConcurrency int

@description('Instances that are always there, and paid for: a list of name (http, durable, blob) and instanceCount.')
param alwaysReady array

@description('Whether instances are spread over the region\'s zones; alwaysReady counts must then be at least 2.')
param zoneRedundant bool

@description('Subnet through which the app reaches the rest; empty: the internet.')
param subnetId string = ''

@description('Ways by which requests must come: name, tag (addresses) and id (X-Azure-FDID); empty: from anywhere.')
param doors array = []

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

// Event Grid brings events itself, to a webhook that has its own key.
var restrictions = union(
  map(doors, (door, index) => {
    name: door.name
    priority: 100 + index
    action: 'Allow'
    tag: 'ServiceTag'
    ipAddress: door.tag
    headers: { 'x-azure-fdid': [door.id] }
  }),
  [{ name: 'events', priority: 200, action: 'Allow', tag: 'ServiceTag', ipAddress: 'AzureEventGrid' }]
)

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  // checkov:skip=CKV_AZURE_225: the environment chooses; production is
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: {
    reserved: true // Linux
    zoneRedundant: zoneRedundant
  }
}

resource app 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'api' })
  // checkov:skip=CKV_AZURE_222: it is a public API; every request needs a key or a token
  // checkov:skip=CKV_AZURE_78: Flex Consumption has no FTP, and does not take ftpsState
  // checkov:skip=CKV_AZURE_17: callers have keys and tokens, not certificates
  // checkov:skip=CKV_AZURE_212: Flex Consumption scales by itself; alwaysReady says how many instances stay
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    clientAffinityEnabled: false
    publicNetworkAccess: 'Enabled'
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    functionAppConfig: {
      runtime: { name: 'python', version: '3.13' }
      deployment: {
        storage: {
          type: 'blobContainer'
          value: '${blobEndpoint}${deploymentContainer}'
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        alwaysReady: alwaysReady
        triggers: { http: { perInstanceConcurrency: httpConcurrency } }
      }
    }
    siteConfig: {
      healthCheckPath: '/api/v1/health/live'
      ipSecurityRestrictions: empty(doors) ? [] : restrictions
      ipSecurityRestrictionsDefaultAction: empty(doors) ? 'Allow' : 'Deny'
      scmIpSecurityRestrictionsUseMain: false // packages come from elsewhere, by identity
      http20Enabled: true
      minTlsVersion: '1.2'
      scmMinTlsVersion: '1.2'
    }
  }
}

// Packages come by identity: no publishing password opens this app. One after the other, for they change one app.
@batchSize(1)
resource passwords 'Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01' = [
  for service in ['ftp', 'scm']: {
    parent: app
    name: service
    properties: { allow: false }
  }
]

// Its logs come through Application Insights already.
resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: app
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Resource id of the function app.')
output id string = app.id

@description('Name of the function app.')
output name string = app.name

@description('Host name of the function app.')
output host string = app.properties.defaultHostName
