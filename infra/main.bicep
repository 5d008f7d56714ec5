// All of PixCrawler: a resource group, and in it the modules of core/ (what it runs on), edge/
// (what may stand in front of it and around it) and watching/ (what is seen of it).
targetScope = 'subscription'

@description('Name of the environment; part of every name. Letters, digits and hyphens.')
@minLength(1)
@maxLength(20)
param environmentName string

@description('Azure region of everything.')
@minLength(1)
@metadata({ azd: { type: 'location' } })
param location string

@description('Which file of environments/ the parameters come from.')
@allowed(['dev', 'prod'])
param profile string = 'dev'

@description('Parameters to be used instead of those in the profile\'s file, in the same shape.')
param overrides object = {}

@description('Who is told of alerts and of the budget; empty: nobody.')
param alertEmail string = ''

@description('First day of the budget\'s first month, as it was when the budget was made, for Azure refuses another (infra/scripts/budget.sh asks); empty: now.')
param budgetStart string = ''

@description('First day of this month. Not to be given.')
param thisMonth string = utcNow('yyyy-MM-01')

var settings = union(profile == 'prod' ? loadJsonContent('environments/prod.json') : loadJsonContent('environments/dev.json'), overrides)

var token = toLower(uniqueString(subscription().id, environmentName, location))
var readable = toLower(replace(replace(environmentName, '_', '-'), '.', '-'))
var short = take(replace(readable, '-', ''), 8)
var names = {
  resourceGroup: 'rg-${environmentName}'
  identity: 'id-${readable}-${token}'
  storage: 'st${short}${token}'
  cosmos: 'cosmos-${readable}-${token}'
  scheduler: 'dts-${readable}-${token}'
  vault: 'kv${short}${token}'
  plan: 'plan-${readable}-${token}'
  app: 'func-${readable}-${token}'
  topic: 'evgt-${readable}-${token}'
  workspace: 'log-${readable}-${token}'
  applicationInsights: 'appi-${readable}-${token}'
  actionGroup: 'ag-${readable}-${token}'
  network: 'vnet-${readable}-${token}'
  outbound: 'ng-${readable}-${token}'
  outboundAddress: 'pip-${readable}-${token}'
  frontDoor: 'afd-${readable}-${token}'
  endpoint: 'fde-${readable}-${token}'
  firewall: 'waf${short}${token}'
  gateway: 'apim-${readable}-${token}'
}
var database = 'pixcrawler'
var taskHub = 'pixcrawler' // as in host.json
var deploymentContainer = 'deployment'
var deadLetterContainer = 'dead-letter'
var tags = { 'azd-env-name': environmentName }
var withFrontDoor = settings.frontDoor.enabled
var withGateway = settings.apiManagement.enabled
var privately = settings.privateNetwork.enabled
// Signed links lead to storage from outside. It can be closed only where Front Door carries them by private link.
var premium = settings.frontDoor.sku == 'Premium_AzureFrontDoor'
var storageClosed = privately && withFrontDoor && premium
var gatewayId = guid(subscription().id, environmentName, location, 'gateway')
var emails = empty(alertEmail) ? [] : [alertEmail]

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: names.resourceGroup
  location: location
  tags: tags
}

module identity 'core/identity.bicep' = {
  scope: group
  params: { name: names.identity, location: location, tags: tags }
}

module workspace 'watching/workspace.bicep' = {
  scope: group
  params: {
    name: names.workspace
    applicationInsightsName: names.applicationInsights
    location: location
    tags: tags
    retentionDays: settings.watching.retentionDays
    dailyCapGb: settings.watching.dailyCapGb
    principalId: identity.outputs.principalId
  }
}

module storage 'core/storage.bicep' = {
  scope: group
  params: {
    name: names.storage
    location: location
    tags: tags
    sku: settings.storage.sku
    deploymentContainer: deploymentContainer
    deadLetterContainer: deadLetterContainer
    rawDays: settings.storage.rawDays
    coolExportsAfterDays: settings.storage.coolExportsAfterDays
    keepDeletedDays: settings.storage.keepDeletedDays
    publicNetworkAccess: storageClosed ? 'Disabled' : 'Enabled'
    principalId: identity.outputs.principalId
    accessLogs: settings.watching.accessLogs
    workspaceId: workspace.outputs.workspaceId
  }
}

module cosmos 'core/cosmos.bicep' = {
  scope: group
  params: {
    name: names.cosmos
    location: location
    tags: tags
    databaseName: database
    mode: settings.cosmos.mode
    maxThroughput: settings.cosmos.maxThroughput
    zoneRedundant: settings.cosmos.zoneRedundant
    backup: settings.cosmos.backup
    publicNetworkAccess: privately ? 'Disabled' : 'Enabled'
    principalId: identity.outputs.principalId
    accessLogs: settings.watching.accessLogs
    workspaceId: workspace.outputs.workspaceId
  }
}

module scheduler 'core/scheduler.bicep' = if (settings.durableBackend == 'scheduler') {
  scope: group
  params: {
    name: names.scheduler
    location: location
    tags: tags
    taskHubName: taskHub
    sku: settings.scheduler.sku
    historyDays: settings.scheduler.historyDays
    principalId: identity.outputs.principalId
  }
}

module secrets 'core/secrets.bicep' = {
  scope: group
  params: {
    name: names.vault
    location: location
    tags: tags
    purgeProtection: settings.purgeProtection
    publicNetworkAccess: privately ? 'Disabled' : 'Enabled'
    principalId: identity.outputs.principalId
    workspaceId: workspace.outputs.workspaceId
  }
}

module network 'edge/network.bicep' = if (privately) {
  scope: group
  params: {
    name: names.network
    gatewayName: names.outbound
    addressName: names.outboundAddress
    location: location
    tags: tags
    addresses: settings.privateNetwork.addresses
    storageAccountId: storage.outputs.id
    cosmosAccountId: cosmos.outputs.id
    vaultId: secrets.outputs.id
  }
}

module frontDoor 'edge/front-door.bicep' = if (withFrontDoor) {
  scope: group
  params: {
    name: names.frontDoor
    endpointName: names.endpoint
    firewallName: names.firewall
    tags: tags
    sku: settings.frontDoor.sku
    requestsPerMinute: settings.frontDoor.requestsPerMinute
    suspicious: settings.frontDoor.suspicious
    accessLogs: settings.watching.accessLogs
    workspaceId: workspace.outputs.workspaceId
  }
}

module runtime 'core/runtime.bicep' = {
  scope: group
  params: {
    name: names.app
    planName: names.plan
    location: location
    tags: tags
    identityId: identity.outputs.id
    blobEndpoint: storage.outputs.blobEndpoint
    deploymentContainer: deploymentContainer
    instanceMemoryMB: settings.runtime.instanceMemoryMB
    maximumInstanceCount: settings.runtime.maximumInstanceCount
    httpConcurrency: settings.runtime.httpConcurrency
    alwaysReady: settings.runtime.alwaysReady
    zoneRedundant: settings.runtime.zoneRedundant
    subnetId: privately ? network!.outputs.appSubnetId : ''
    doors: union(
      withFrontDoor
        ? [{ name: 'front-door', tag: 'AzureFrontDoor.Backend', id: frontDoor!.outputs.frontDoorId }]
        : [],
      // The gateway's tier has no addresses of its own: any of Azure's, and a GUID that nobody is told.
      withGateway ? [{ name: 'gateway', tag: 'AzureCloud', id: gatewayId }] : []
    )
    workspaceId: workspace.outputs.workspaceId
  }
}

module appSettings 'core/settings.bicep' = {
  scope: group
  params: {
    appName: runtime.outputs.name
    clientId: identity.outputs.clientId
    blobEndpoint: storage.outputs.blobEndpoint
    queueEndpoint: storage.outputs.queueEndpoint
    tableEndpoint: storage.outputs.tableEndpoint
    cosmosEndpoint: cosmos.outputs.endpoint
    databaseName: database
    schedulerEndpoint: settings.durableBackend == 'scheduler' ? scheduler!.outputs.endpoint : ''
    applicationInsightsName: workspace.outputs.applicationInsightsName
    vaultName: secrets.outputs.name
    secrets: settings.secrets
    overrides: settings.appSettings
    proxyHops: withFrontDoor || withGateway ? 2 : 1 // side by side, not one behind the other: two either way
    linkHost: withFrontDoor ? frontDoor!.outputs.host : ''
  }
}

module routes 'edge/routes.bicep' = if (withFrontDoor) {
  scope: group
  params: {
    profileName: frontDoor!.outputs.name
    endpointName: frontDoor!.outputs.endpointName
    appHost: runtime.outputs.host
    blobEndpoint: storage.outputs.blobEndpoint
    privateStorageId: storageClosed ? storage.outputs.id : ''
    location: location
  }
}

module gateway 'edge/gateway.bicep' = if (withGateway) {
  scope: group
  params: {
    name: names.gateway
    location: location
    tags: tags
    publisherEmail: empty(alertEmail) ? 'nobody@example.org' : alertEmail
    appHost: runtime.outputs.host
    gatewayId: gatewayId
    callsPerMinute: settings.apiManagement.callsPerMinute
    callsPerMonth: settings.apiManagement.callsPerMonth
    openIdConfiguration: settings.apiManagement.openIdConfiguration
    audience: settings.apiManagement.audience
    applicationInsightsName: workspace.outputs.applicationInsightsName
  }
}

// Where callers go: Front Door, else the gateway, else the app itself.
var direct = withGateway ? gateway!.outputs.host : runtime.outputs.host
var host = withFrontDoor ? frontDoor!.outputs.host : direct

module events 'core/events.bicep' = {
  scope: group
  params: {
    name: names.topic
    location: location
    tags: tags
    storageAccountName: storage.outputs.name
    deadLetterContainer: deadLetterContainer
    workspaceId: workspace.outputs.workspaceId
  }
}

module locks 'core/locks.bicep' = if (settings.deleteLocks) {
  scope: group
  params: {
    storageAccountName: storage.outputs.name
    cosmosAccountName: cosmos.outputs.name
    vaultName: secrets.outputs.name
  }
}

module watching 'watching/main.bicep' = {
  scope: group
  params: {
    location: location
    tags: tags
    actionGroupName: names.actionGroup
    emails: emails
    alerts: settings.watching.alerts
    probe: settings.watching.probe
    probeSeconds: settings.watching.probeSeconds
    probePlaces: settings.watching.probePlaces
    budgetPerMonth: settings.watching.budgetPerMonth
    // It must start in the month it is made in, and can never start at another time.
    budgetStart: empty(budgetStart) ? thisMonth : budgetStart
    host: host
    workspaceId: workspace.outputs.workspaceId
    applicationInsightsId: workspace.outputs.applicationInsightsId
    functionAppId: runtime.outputs.id
    storageAccountId: storage.outputs.id
    cosmosAccountId: cosmos.outputs.id
    eventTopicId: events.outputs.id
  }
}

@description('Region, for azd.')
output AZURE_LOCATION string = location

@description('Tenant, for azd.')
output AZURE_TENANT_ID string = tenant().tenantId

@description('Resource group, for azd and for infra/scripts/.')
output AZURE_RESOURCE_GROUP string = group.name

@description('Name of the function app.')
output PIXCRAWLER_FUNCTION_APP string = runtime.outputs.name

@description('Address of the API.')
output PIXCRAWLER_URL string = 'https://${host}'

@description('Name of the storage account.')
output PIXCRAWLER_STORAGE_ACCOUNT string = storage.outputs.name

@description('Name of the storage account\'s system topic.')
output PIXCRAWLER_SYSTEM_TOPIC string = events.outputs.name

@description('Container of events that could not be delivered.')
output PIXCRAWLER_DEAD_LETTER_CONTAINER string = deadLetterContainer

@description('Name of the Cosmos DB account.')
output PIXCRAWLER_COSMOS_ACCOUNT string = cosmos.outputs.name

@description('Name of the Key Vault.')
output PIXCRAWLER_VAULT string = secrets.outputs.name
