// Locks on what cannot be made again: nobody deletes it by accident, not even with the resource group.

@description('Name of the storage account.')
param storageAccountName string

@description('Name of the Cosmos DB account.')
param cosmosAccountName string

@description('Name of the Key Vault.')
param vaultName string

var reason = 'Holds data or secrets. Remove this lock first, and only if they are to be lost.'

resource account 'Microsoft.Storage/storageAccounts@2025-01-01' existing = {
  name: storageAccountName
}

resource cosmos 'Microsoft.DocumentDB/databaseAccounts@2025-04-15' existing = {
  name: cosmosAccountName
}

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' existing = {
  name: vaultName
}

resource storageLock 'Microsoft.Authorization/locks@2020-05-01' = {
  scope: account
  name: 'keep'
  properties: { level: 'CanNotDelete', notes: reason }
}

resource cosmosLock 'Microsoft.Authorization/locks@2020-05-01' = {
  scope: cosmos
  name: 'keep'
  properties: { level: 'CanNotDelete', notes: reason }
}

resource vaultLock 'Microsoft.Authorization/locks@2020-05-01' = {
  scope: vault
  name: 'keep'
  properties: { level: 'CanNotDelete', notes: reason }
}
