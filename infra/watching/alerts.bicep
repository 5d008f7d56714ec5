// What somebody is told of: critical (0) now, warning (2) today, information (3) when there is time.
// The rules on the app's own telemetry are in alerts.json, their queries in queries/: a row of the answer is an alert.

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource id of the action group that is told.')
param actionGroupId string

@description('Whether the rules are evaluated. Those with a query are paid for by how often they are: see docs/cost.md.')
param enabled bool

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

@description('Resource id of the storage account.')
param storageAccountId string

@description('Resource id of the Cosmos DB account.')
param cosmosAccountId string

@description('Resource id of the storage account\'s system topic.')
param eventTopicId string

var runbook = 'What to do: docs/operations.md,'
var severities = { critical: 0, warning: 2, information: 3 }
var rules = loadJsonContent('alerts.json')
var queries = {
  'failing-builds': loadTextContent('queries/failing-builds.kql')
  'failing-engines': loadTextContent('queries/failing-engines.kql')
  'failing-requests': loadTextContent('queries/failing-requests.kql')
  'growing-backlog': loadTextContent('queries/growing-backlog.kql')
  'poison-messages': loadTextContent('queries/poison-messages.kql')
  silence: loadTextContent('queries/silence.kql')
  'slow-requests': loadTextContent('queries/slow-requests.kql')
  'standing-builds': loadTextContent('queries/standing-builds.kql')
  'throttled-requests': loadTextContent('queries/throttled-requests.kql')
}

// What the services count themselves: no query, nothing to take in.
var platform = [
  {
    name: 'lost-events'
    severity: 'critical'
    heading: 'Poison messages'
    description: 'Events of new blobs could not be delivered and were put into the dead-letter container.'
    scope: eventTopicId
    namespace: 'Microsoft.EventGrid/systemTopics'
    metric: 'DeadLetteredCount'
    aggregation: 'Total'
    threshold: 0
    dimensions: []
  }
  {
    name: 'dropped-events'
    severity: 'critical'
    heading: 'Poison messages'
    description: 'Events of new blobs could neither be delivered nor be put into the dead-letter container: they are gone.'
    scope: eventTopicId
    namespace: 'Microsoft.EventGrid/systemTopics'
    metric: 'DroppedEventCount'
    aggregation: 'Total'
    threshold: 0
    dimensions: []
  }
  {
    name: 'undelivered-events'
    severity: 'warning'
    heading: 'Events not delivered'
    description: 'Within a quarter of an hour, 20 attempts or more to deliver events of new blobs failed: uploads wait for their check.'
    scope: eventTopicId
    namespace: 'Microsoft.EventGrid/systemTopics'
    metric: 'DeliveryAttemptFailCount'
    aggregation: 'Total'
    threshold: 19
    dimensions: []
  }
  {
    name: 'throttled-database'
    severity: 'warning'
    heading: 'Throttling'
    description: 'Within a quarter of an hour, Cosmos DB answered 100 requests or more by 429: the request units do not suffice.'
    scope: cosmosAccountId
    namespace: 'Microsoft.DocumentDB/databaseAccounts'
    metric: 'TotalRequests'
    aggregation: 'Count'
    threshold: 99
    dimensions: [{ name: 'StatusCode', operator: 'Include', values: ['429'] }]
  }
  {
    name: 'throttled-storage'
    severity: 'warning'
    heading: 'Throttling'
    description: 'Within a quarter of an hour, storage answered 100 requests or more by "server busy".'
    scope: storageAccountId
    namespace: 'Microsoft.Storage/storageAccounts'
    metric: 'Transactions'
    aggregation: 'Total'
    threshold: 99
    dimensions: [
      {
        name: 'ResponseType'
        operator: 'Include'
        values: ['ServerBusyError', 'ClientThrottlingError', 'ClientAccountBandwidthThrottlingError', 'ClientAccountRequestThrottlingError']
      }
    ]
  }
]

// What changes the app: its definition, its settings, a package published through Azure's management API.
var deployments = ['Microsoft.Web/sites/write', 'Microsoft.Web/sites/config/write', 'Microsoft.Web/sites/extensions/write']

resource alerts 'Microsoft.Insights/scheduledQueryRules@2023-12-01' = [
  for rule in rules: {
    name: rule.name
    location: location
    tags: tags
    kind: 'LogAlert'
    properties: {
      displayName: rule.title
      description: '${rule.description} ${runbook} "${rule.heading}".'
      severity: severities[rule.severity]
      enabled: enabled
      scopes: [workspaceId]
      evaluationFrequency: rule.every
      windowSize: rule.window
      criteria: {
        allOf: [
          {
            query: queries[rule.name]
            timeAggregation: 'Count'
            operator: 'GreaterThan'
            threshold: 0
            dimensions: map(rule.splitBy, column => { name: column, operator: 'Include', values: ['*'] })
            failingPeriods: { numberOfEvaluationPeriods: 1, minFailingPeriodsToAlert: 1 }
          }
        ]
      }
      autoMitigate: true
      skipQueryValidation: true // a new workspace does not know its tables yet; tests hold the queries against telemetry
      actions: { actionGroups: [actionGroupId] }
    }
  }
]

resource platformAlerts 'Microsoft.Insights/metricAlerts@2018-03-01' = [
  for rule in platform: {
    name: rule.name
    location: 'global'
    tags: tags
    properties: {
      description: '${rule.description} ${runbook} "${rule.heading}".'
      severity: severities[rule.severity]
      enabled: enabled
      scopes: [rule.scope]
      evaluationFrequency: 'PT5M'
      windowSize: 'PT15M'
      criteria: {
        'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
        allOf: [
          {
            criterionType: 'StaticThresholdCriterion'
            name: rule.name
            metricNamespace: rule.namespace
            metricName: rule.metric
            dimensions: rule.dimensions
            timeAggregation: rule.aggregation
            operator: 'GreaterThan'
            threshold: rule.threshold
          }
        ]
      }
      autoMitigate: true
      actions: [{ actionGroupId: actionGroupId }]
    }
  }
]

// Alerts of the activity log have no severity of their own: they are information. The group has one app; its id is no
// condition, for settings and packages are changed at ids below it, and conditions compare whole ids.
resource deployed 'Microsoft.Insights/activityLogAlerts@2020-10-01' = {
  name: 'deployments'
  location: 'global'
  tags: tags
  properties: {
    description: 'Somebody changed the function app: its definition, its settings or its package. ${runbook} "Deploy".'
    enabled: enabled
    scopes: [resourceGroup().id]
    condition: {
      allOf: [
        { field: 'category', equals: 'Administrative' }
        { field: 'status', equals: 'Succeeded' }
        { anyOf: map(deployments, operation => { field: 'operationName', equals: operation }) }
      ]
    }
    actions: { actionGroups: [{ actionGroupId: actionGroupId }] }
  }
}
