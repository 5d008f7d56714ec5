// The probe from outside: /api/v1/health/live, asked from several places; silence in most of them is critical.

@description('Host name of the API.')
param host string

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource id of the Application Insights resource.')
param applicationInsightsId string

@description('Resource id of the action group that is told.')
param actionGroupId string

@description('Whether the probe runs. It is paid for by execution: see docs/cost.md.')
param enabled bool

@description('Seconds between two requests from one place.')
@allowed([300, 600, 900])
param seconds int

@description('Places to ask from, by Azure\'s names for them.')
@minLength(1)
param places array

var path = '/api/v1/health/live'

resource probe 'Microsoft.Insights/webtests@2022-06-15' = {
  name: 'health-live'
  location: location
  tags: union(tags, { 'hidden-link:${applicationInsightsId}': 'Resource' })
  kind: 'standard'
  properties: {
    SyntheticMonitorId: 'health-live'
    Name: 'health-live'
    Description: 'The API answers.'
    Enabled: enabled
    Frequency: seconds
    Timeout: 30
    Kind: 'standard'
    RetryEnabled: true
    Locations: map(places, place => { Id: place })
    Request: {
      RequestUrl: 'https://${host}${path}'
      HttpVerb: 'GET'
      ParseDependentRequests: false
      FollowRedirects: false
    }
    ValidationRules: {
      ExpectedHttpStatusCode: 200
      SSLCheck: true
      SSLCertRemainingLifetimeCheck: 7
      ContentValidation: { ContentMatch: 'alive', IgnoreCase: false, PassIfTextFound: true }
    }
  }
}

resource down 'Microsoft.Insights/metricAlerts@2018-03-01' = {
  name: 'health-probe-down'
  location: 'global'
  tags: union(tags, {
    'hidden-link:${applicationInsightsId}': 'Resource'
    'hidden-link:${probe.id}': 'Resource'
  })
  properties: {
    description: 'The API does not answer from most places. What to do: docs/operations.md, "Health probe down".'
    severity: 0
    enabled: enabled
    scopes: [probe.id, applicationInsightsId]
    evaluationFrequency: 'PT1M'
    windowSize: seconds == 300 ? 'PT5M' : 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria'
      webTestId: probe.id
      componentId: applicationInsightsId
      failedLocationCount: length(places) / 2 + 1
    }
    autoMitigate: true
    actions: [{ actionGroupId: actionGroupId }]
  }
}
