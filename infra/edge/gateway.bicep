// API Management (Consumption): limits by subscription and tokens checked in front of the app, which stays as it is.
// Paths are passed through, not imported: the app describes itself at /api/v1/openapi.json, and two descriptions drift.

@description('Name of the service; the first part of its address.')
param name string

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Address that the service writes to, of its own notifications.')
param publisherEmail string

@description('Host name of the function app.')
param appHost string

@description('What the app knows requests from here by: a GUID in X-Azure-FDID.')
param gatewayId string

@description('Calls a minute of one subscription.')
@minValue(1)
param callsPerMinute int

@description('Calls in thirty days of one subscription.')
@minValue(1)
param callsPerMonth int

@description('Address of the issuer\'s OpenID configuration; empty: tokens are left to the app.')
param openIdConfiguration string

@description('Audience that tokens must be made for; needed with openIdConfiguration.')
param audience string

@description('Name of the Application Insights resource.')
param applicationInsightsName string

var roles = loadJsonContent('../roles.json')
var role = 'Monitoring Metrics Publisher'
var methods = ['GET', 'POST', 'PUT', 'DELETE']
var forward = replace(loadTextContent('policies/forward.xml'), 'GATEWAY_ID', gatewayId)
var limits = replace(
  replace(loadTextContent('policies/limits.xml'), 'CALLS_PER_MINUTE', string(callsPerMinute)),
  'CALLS_PER_MONTH',
  string(callsPerMonth)
)
var tokens = replace(
  replace(loadTextContent('policies/tokens.xml'), 'OPENID_CONFIGURATION', openIdConfiguration),
  'AUDIENCE',
  audience
)

resource applicationInsights 'Microsoft.Insights/components@2020-02-02' existing = {
  name: applicationInsightsName
}

resource service 'Microsoft.ApiManagement/service@2024-05-01' = {
  name: name
  location: location
  tags: tags
  // checkov:skip=CKV_AZURE_107: the Consumption tier cannot be in a virtual network
  // checkov:skip=CKV_AZURE_174: callers come from the internet; its limits and the app's keys are what it is for
  sku: { name: 'Consumption', capacity: 0 }
  identity: { type: 'SystemAssigned' } // what it may do: send telemetry
  properties: {
    publisherEmail: publisherEmail
    publisherName: 'PixCrawler'
    publicNetworkAccess: 'Enabled'
    virtualNetworkType: 'None'
  }
}

resource everything 'Microsoft.ApiManagement/service/policies@2024-05-01' = if (!empty(openIdConfiguration)) {
  parent: service
  name: 'policy'
  properties: { format: 'xml', value: tokens }
}

resource api 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  parent: service
  name: 'pixcrawler'
  properties: {
    displayName: 'PixCrawler'
    path: 'api'
    protocols: ['https']
    serviceUrl: 'https://${appHost}/api'
    subscriptionRequired: true // limits are counted by subscription
  }
}

resource operations 'Microsoft.ApiManagement/service/apis/operations@2024-05-01' = [
  for method in methods: {
    parent: api
    name: toLower(method)
    properties: { displayName: method, method: method, urlTemplate: '/*' }
  }
]

resource forwarding 'Microsoft.ApiManagement/service/apis/policies@2024-05-01' = {
  parent: api
  name: 'policy'
  properties: { format: 'xml', value: forward }
}

// Whoever asks whether it is alive has no subscription: the availability test, the script after deployments.
resource health 'Microsoft.ApiManagement/service/apis@2024-05-01' = {
  parent: service
  name: 'health'
  properties: {
    displayName: 'PixCrawler: health'
    path: 'api/v1/health'
    protocols: ['https']
    serviceUrl: 'https://${appHost}/api/v1/health'
    subscriptionRequired: false
  }
}

resource healthOperation 'Microsoft.ApiManagement/service/apis/operations@2024-05-01' = {
  parent: health
  name: 'get'
  properties: { displayName: 'GET', method: 'GET', urlTemplate: '/*' }
}

resource healthForwarding 'Microsoft.ApiManagement/service/apis/policies@2024-05-01' = {
  parent: health
  name: 'policy'
  properties: { format: 'xml', value: forward }
}

resource product 'Microsoft.ApiManagement/service/products@2024-05-01' = {
  parent: service
  name: 'pixcrawler'
  properties: {
    displayName: 'PixCrawler'
    description: 'The API, with limits by subscription.'
    subscriptionRequired: true
    approvalRequired: true
    state: 'published'
  }
}

resource productApi 'Microsoft.ApiManagement/service/products/apis@2024-05-01' = {
  parent: product
  name: api.name
}

resource productPolicy 'Microsoft.ApiManagement/service/products/policies@2024-05-01' = {
  parent: product
  name: 'policy'
  properties: { format: 'xml', value: limits }
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: applicationInsights
  name: guid(applicationInsights.id, service.id, roles[role])
  properties: {
    principalId: service.identity.principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[role])
  }
}

// The connection string says where; who may send is decided by identity, as keys are off there.
resource logger 'Microsoft.ApiManagement/service/loggers@2024-05-01' = {
  parent: service
  name: 'application-insights'
  properties: {
    loggerType: 'applicationInsights'
    resourceId: applicationInsights.id
    credentials: {
      connectionString: applicationInsights.properties.ConnectionString
      identityClientId: 'SystemAssigned'
    }
  }
  dependsOn: [assignment]
}

// Resource logs of requests are not in this tier. W3C: the app's spans belong to the gateway's.
resource diagnostics 'Microsoft.ApiManagement/service/diagnostics@2024-05-01' = {
  parent: service
  name: 'applicationinsights'
  properties: {
    loggerId: logger.id
    httpCorrelationProtocol: 'W3C'
    alwaysLog: 'allErrors'
    sampling: { samplingType: 'fixed', percentage: 10 }
    verbosity: 'error'
    logClientIp: false
  }
}

@description('Host name of the gateway.')
output host string = split(service.properties.gatewayUrl, '/')[2]
