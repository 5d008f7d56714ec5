// Where Front Door leads to, and what it keeps: the app's public pages, and files by signed link; never what needs a key.

@description('Name of the Front Door profile.')
param profileName string

@description('Name of its endpoint.')
param endpointName string

@description('Host name of the function app.')
param appHost string

@description('Address of the storage account\'s blobs, with a slash at the end.')
param blobEndpoint string

@description('Resource id of the storage account when it is reached by private link (Premium); empty: over the internet.')
param privateStorageId string

@description('Azure region of the storage account.')
param location string

var blobHost = split(blobEndpoint, '/')[2]
// Pages that are the same for everybody. Their Cache-Control says for how long.
var publicPages = ['/api/v1/docs', '/api/v1/openapi.json', '/api/v1/collection.json']

resource profile 'Microsoft.Cdn/profiles@2025-06-01' existing = {
  name: profileName

  resource endpoint 'afdEndpoints' existing = {
    name: endpointName
  }
}

// A group with one origin needs no probe: Front Door asks it anyway. A probe would come from every one of its hundred
// places and keep instances awake all the time; the availability test asks through Front Door instead.
resource app 'Microsoft.Cdn/profiles/originGroups@2025-06-01' = {
  parent: profile
  name: 'app'
  properties: {
    loadBalancingSettings: { sampleSize: 4, successfulSamplesRequired: 3, additionalLatencyInMilliseconds: 0 }
    sessionAffinityState: 'Disabled'
  }
}

resource appOrigin 'Microsoft.Cdn/profiles/originGroups/origins@2025-06-01' = {
  parent: app
  name: 'app'
  properties: {
    hostName: appHost
    originHostHeader: appHost
    httpsPort: 443
    enforceCertificateNameCheck: true
  }
}

resource blobs 'Microsoft.Cdn/profiles/originGroups@2025-06-01' = {
  parent: profile
  name: 'blobs'
  properties: {
    loadBalancingSettings: { sampleSize: 4, successfulSamplesRequired: 3, additionalLatencyInMilliseconds: 0 }
    sessionAffinityState: 'Disabled'
  }
}

resource blobOrigin 'Microsoft.Cdn/profiles/originGroups/origins@2025-06-01' = {
  parent: blobs
  name: 'blobs'
  properties: {
    hostName: blobHost
    originHostHeader: blobHost
    httpsPort: 443
    enforceCertificateNameCheck: true
    sharedPrivateLinkResource: empty(privateStorageId)
      ? null
      : {
          privateLink: { id: privateStorageId }
          privateLinkLocation: location
          groupId: 'blob'
          requestMessage: 'Front Door of PixCrawler, for signed links'
        }
  }
}

resource everything 'Microsoft.Cdn/profiles/afdEndpoints/routes@2025-06-01' = {
  parent: profile::endpoint
  name: 'app'
  properties: {
    originGroup: { id: app.id }
    patternsToMatch: ['/*']
    supportedProtocols: ['Http', 'Https']
    httpsRedirect: 'Enabled'
    forwardingProtocol: 'HttpsOnly'
    linkToDefaultDomain: 'Enabled'
  }
  dependsOn: [appOrigin] // a route to a group without an origin is refused
}

resource pages 'Microsoft.Cdn/profiles/afdEndpoints/routes@2025-06-01' = {
  parent: profile::endpoint
  name: 'pages'
  properties: {
    originGroup: { id: app.id }
    patternsToMatch: publicPages
    supportedProtocols: ['Http', 'Https']
    httpsRedirect: 'Enabled'
    forwardingProtocol: 'HttpsOnly'
    linkToDefaultDomain: 'Enabled'
    cacheConfiguration: {
      queryStringCachingBehavior: 'UseQueryString'
      compressionSettings: { isCompressionEnabled: true, contentTypesToCompress: ['application/json', 'text/html'] }
    }
  }
  dependsOn: [appOrigin]
}

// Blobs say nothing of caches, and Front Door would keep them for days: what is taken down must be gone soon.
resource shortly 'Microsoft.Cdn/profiles/ruleSets@2025-06-01' = {
  parent: profile
  name: 'shortly'
}

resource tenMinutes 'Microsoft.Cdn/profiles/ruleSets/rules@2025-06-01' = {
  parent: shortly
  name: 'tenMinutes'
  properties: {
    order: 1
    conditions: []
    actions: [
      {
        name: 'RouteConfigurationOverride'
        parameters: {
          typeName: 'DeliveryRuleRouteConfigurationOverrideActionParameters'
          cacheConfiguration: {
            cacheBehavior: 'OverrideAlways'
            cacheDuration: '00:10:00'
            queryStringCachingBehavior: 'UseQueryString' // the signature is part of the key: each link has its own copy
            isCompressionEnabled: 'Disabled'
          }
        }
      }
    ]
  }
}

resource downloads 'Microsoft.Cdn/profiles/afdEndpoints/routes@2025-06-01' = {
  parent: profile::endpoint
  name: 'downloads'
  properties: {
    originGroup: { id: blobs.id }
    patternsToMatch: ['/datasets/*']
    supportedProtocols: ['Https']
    httpsRedirect: 'Disabled'
    forwardingProtocol: 'HttpsOnly'
    linkToDefaultDomain: 'Enabled'
    cacheConfiguration: { queryStringCachingBehavior: 'UseQueryString' }
    ruleSets: [{ id: shortly.id }]
  }
  dependsOn: [blobOrigin, tenMinutes]
}

// Links for putting an upload, and for fetching a tenant's own export: not kept.
resource uploads 'Microsoft.Cdn/profiles/afdEndpoints/routes@2025-06-01' = {
  parent: profile::endpoint
  name: 'uploads'
  properties: {
    originGroup: { id: blobs.id }
    patternsToMatch: ['/uploads/*']
    supportedProtocols: ['Https']
    httpsRedirect: 'Disabled'
    forwardingProtocol: 'HttpsOnly'
    linkToDefaultDomain: 'Enabled'
  }
  dependsOn: [blobOrigin]
}
