// Front Door: the profile, its address, and the firewall in front of it. What it leads to is in routes.bicep.

@description('Name of the profile.')
param name string

@description('Name of the endpoint; the first part of its address.')
param endpointName string

@description('Name of the firewall policy: letters and digits.')
param firewallName string

@description('Tags of every resource.')
param tags object

@description('Standard: one\'s own firewall rules. Premium: Microsoft\'s rule sets too, and origins by private link.')
@allowed(['Standard_AzureFrontDoor', 'Premium_AzureFrontDoor'])
param sku string

@description('Requests a minute from one address, before it is refused.')
@minValue(100)
param requestsPerMinute int

@description('What Premium does with requests in which Microsoft\'s rule set sees an attack: write them down, or refuse them too.')
@allowed(['Log', 'Block'])
param suspicious string

@description('Whether every request is logged, paid for by the gigabyte.')
param accessLogs bool

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

var premium = sku == 'Premium_AzureFrontDoor'

resource profile 'Microsoft.Cdn/profiles@2025-06-01' = {
  name: name
  location: 'global'
  tags: tags
  sku: { name: sku }
  properties: {
    originResponseTimeoutSeconds: 240 // as long as the Functions front end waits: builds are watched by streams
    // Signed links carry their signature in the query: logs must not.
    logScrubbing: {
      state: 'Enabled'
      scrubbingRules: [{ matchVariable: 'QueryStringArgNames', selectorMatchOperator: 'EqualsAny', state: 'Enabled' }]
    }
  }
}

resource endpoint 'Microsoft.Cdn/profiles/afdEndpoints@2025-06-01' = {
  parent: profile
  name: endpointName
  location: 'global'
  tags: tags
  properties: { enabledState: 'Enabled' }
}

resource firewall 'Microsoft.Network/frontDoorWebApplicationFirewallPolicies@2025-10-01' = {
  name: firewallName
  location: 'global'
  tags: tags
  sku: { name: sku }
  properties: {
    policySettings: {
      enabledState: 'Enabled'
      mode: 'Prevention'
      // Bodies are addresses, words of every kind and archives: one address alone (rule 931130) is enough for a refusal.
      requestBodyCheck: premium ? 'Disabled' : null
      customBlockResponseStatusCode: 429
      customBlockResponseBody: base64('{"type":"about:blank","title":"Too many requests, or one that looks like an attack.","status":429}')
      logScrubbing: {
        state: 'Enabled'
        scrubbingRules: [{ matchVariable: 'QueryStringArgNames', selectorMatchOperator: 'EqualsAny', state: 'Enabled' }]
      }
    }
    customRules: {
      rules: [
        {
          name: 'TooMany'
          priority: 100
          enabledState: 'Enabled'
          ruleType: 'RateLimitRule'
          rateLimitDurationInMinutes: 1
          rateLimitThreshold: requestsPerMinute
          // The address of the connection. RemoteAddr would be what X-Forwarded-For says, and so what the caller says.
          matchConditions: [
            { matchVariable: 'SocketAddr', operator: 'IPMatch', matchValue: ['0.0.0.0/0', '::/0'] }
          ]
          action: 'Block'
        }
      ]
    }
    managedRules: {
      // Without the set against bots: this is an API, whose callers are programs.
      managedRuleSets: premium
        ? [
            {
              ruleSetType: 'Microsoft_DefaultRuleSet'
              ruleSetVersion: '2.1'
              ruleSetAction: suspicious
              // A signature is Base64, in which a rule may see anything.
              exclusions: [
                { matchVariable: 'QueryStringArgNames', selectorMatchOperator: 'Equals', selector: 'sig' }
              ]
            }
          ]
        : []
    }
  }
}

resource protection 'Microsoft.Cdn/profiles/securityPolicies@2025-06-01' = {
  parent: profile
  name: 'firewall'
  properties: {
    parameters: {
      type: 'WebApplicationFirewall'
      wafPolicy: { id: firewall.id }
      associations: [{ domains: [{ id: endpoint.id }], patternsToMatch: ['/*'] }]
    }
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: profile
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [
      { category: 'FrontDoorAccessLog', enabled: accessLogs }
      { category: 'FrontDoorWebApplicationFirewallLog', enabled: true }
    ]
    metrics: [{ category: 'AllMetrics', enabled: true }]
  }
}

@description('Name of the profile.')
output name string = profile.name

@description('Name of the endpoint.')
output endpointName string = endpoint.name

@description('What requests that came through this profile carry as X-Azure-FDID.')
output frontDoorId string = profile.properties.frontDoorId

@description('Host name of the endpoint.')
output host string = endpoint.properties.hostName
