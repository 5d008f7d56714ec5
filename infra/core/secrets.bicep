// The Key Vault for the few secrets that no identity replaces: keys of search engines and language models, keys that seal.
// The vault is made empty; operators put the secrets in, and name them in the environment's file.

@description('Name of the vault.')
param name string

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Whether nobody, not even an owner, can remove what was deleted before its time. It cannot be switched off again.')
param purgeProtection bool

@description('Whether the vault answers from the internet; Disabled needs a private endpoint.')
@allowed(['Enabled', 'Disabled'])
param publicNetworkAccess string = 'Enabled'

@description('Object id of the app\'s identity, which may read secrets and nothing else.')
param principalId string

@description('Resource id of the Log Analytics workspace.')
param workspaceId string

var roles = loadJsonContent('../roles.json')
var role = 'Key Vault Secrets User'

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  // checkov:skip=CKV_AZURE_109: operators reach the vault from where they are, by role; publicNetworkAccess closes it
  // checkov:skip=CKV_AZURE_189: as for CKV_AZURE_109; publicNetworkAccess closes it
  // checkov:skip=CKV_AZURE_110: the environment chooses; a development environment must be able to go without a trace
  // checkov:skip=CKV_AZURE_42: soft delete is on; the rest of this check is purge protection again
  properties: {
    tenantId: subscription().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    softDeleteRetentionInDays: 90
    enablePurgeProtection: purgeProtection ? true : null // false is refused
    publicNetworkAccess: publicNetworkAccess
    networkAcls: {
      bypass: 'AzureServices'
      defaultAction: publicNetworkAccess == 'Enabled' ? 'Allow' : 'Deny'
    }
  }
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  scope: vault
  name: guid(vault.id, principalId, roles[role])
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[role])
  }
}

resource diagnostics 'Microsoft.Insights/diagnosticSettings@2021-05-01-preview' = {
  scope: vault
  name: 'to-workspace'
  properties: {
    workspaceId: workspaceId
    logs: [{ category: 'AuditEvent', enabled: true }]
  }
}

@description('Resource id of the vault.')
output id string = vault.id

@description('Name of the vault.')
output name string = vault.name
