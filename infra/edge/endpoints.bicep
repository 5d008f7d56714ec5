// Private endpoints of the stores and the vault, and the DNS zones by which the app finds them under their usual names.

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Resource id of the virtual network.')
param networkId string

@description('Resource id of the subnet of the endpoints.')
param subnetId string

@description('Resource id of the storage account.')
param storageAccountId string

@description('Resource id of the Cosmos DB account.')
param cosmosAccountId string

@description('Resource id of the Key Vault.')
param vaultId string

var storageSuffix = environment().suffixes.storage
var services = [
  { name: 'blob', resourceId: storageAccountId, zone: 'privatelink.blob.${storageSuffix}' }
  { name: 'queue', resourceId: storageAccountId, zone: 'privatelink.queue.${storageSuffix}' }
  { name: 'table', resourceId: storageAccountId, zone: 'privatelink.table.${storageSuffix}' }
  { name: 'Sql', resourceId: cosmosAccountId, zone: 'privatelink.documents.azure.com' }
  { name: 'vault', resourceId: vaultId, zone: 'privatelink.vaultcore.azure.net' }
]

resource zones 'Microsoft.Network/privateDnsZones@2024-06-01' = [
  for service in services: {
    name: service.zone
    location: 'global'
    tags: tags
  }
]

resource links 'Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01' = [
  for (service, index) in services: {
    parent: zones[index]
    name: 'app'
    location: 'global'
    tags: tags
    properties: {
      registrationEnabled: false
      virtualNetwork: { id: networkId }
    }
  }
]

// One after the other: three change the same account, and all the same subnet.
@batchSize(1)
resource endpoints 'Microsoft.Network/privateEndpoints@2024-07-01' = [
  for service in services: {
    name: 'pe-${toLower(service.name)}'
    location: location
    tags: tags
    properties: {
      subnet: { id: subnetId }
      privateLinkServiceConnections: [
        {
          name: toLower(service.name)
          properties: { privateLinkServiceId: service.resourceId, groupIds: [service.name] }
        }
      ]
    }
  }
]

resource records 'Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-07-01' = [
  for (service, index) in services: {
    parent: endpoints[index]
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        {
          name: toLower(service.name)
          properties: { privateDnsZoneId: zones[index].id }
        }
      ]
    }
  }
]
