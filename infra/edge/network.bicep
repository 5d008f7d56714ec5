// A virtual network: a subnet that the app sends from, one for private endpoints, one fixed address towards the internet.

@description('Name of the virtual network.')
param name string

@description('Name of the NAT gateway.')
param gatewayName string

@description('Name of the NAT gateway\'s public address.')
param addressName string

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Addresses of the network, a /24: half for the app, 32 of the rest for private endpoints.')
param addresses string

@description('Resource id of the storage account.')
param storageAccountId string

@description('Resource id of the Cosmos DB account.')
param cosmosAccountId string

@description('Resource id of the Key Vault.')
param vaultId string

var appAddresses = cidrSubnet(addresses, 25, 0)
var endpointAddresses = cidrSubnet(addresses, 27, 4)

// Pictures are fetched from everywhere: a subnet of its own has no way out to be relied on, so there is one by name.
resource outbound 'Microsoft.Network/publicIPAddresses@2024-07-01' = {
  name: addressName
  location: location
  tags: tags
  sku: { name: 'Standard', tier: 'Regional' }
  properties: { publicIPAllocationMethod: 'Static', publicIPAddressVersion: 'IPv4' }
}

resource gateway 'Microsoft.Network/natGateways@2024-07-01' = {
  name: gatewayName
  location: location
  tags: tags
  sku: { name: 'Standard' }
  properties: { idleTimeoutInMinutes: 4, publicIpAddresses: [{ id: outbound.id }] }
}

// Nothing is served from the app's subnet: requests come to the app by the platform's front end.
resource appRules 'Microsoft.Network/networkSecurityGroups@2024-07-01' = {
  name: '${name}-app'
  location: location
  tags: tags
  properties: { securityRules: [] } // the default rules: from the network and Azure's load balancer, not from the internet
}

resource endpointRules 'Microsoft.Network/networkSecurityGroups@2024-07-01' = {
  name: '${name}-endpoints'
  location: location
  tags: tags
  properties: {
    securityRules: [
      {
        name: 'app'
        properties: {
          access: 'Allow'
          direction: 'Inbound'
          priority: 100
          protocol: 'Tcp'
          sourceAddressPrefix: appAddresses
          sourcePortRange: '*'
          destinationAddressPrefix: endpointAddresses
          destinationPortRange: '443'
        }
      }
      {
        name: 'nobody-else'
        properties: {
          access: 'Deny'
          direction: 'Inbound'
          priority: 200
          protocol: '*'
          sourceAddressPrefix: '*'
          sourcePortRange: '*'
          destinationAddressPrefix: '*'
          destinationPortRange: '*'
        }
      }
    ]
  }
}

resource network 'Microsoft.Network/virtualNetworks@2024-07-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    addressSpace: { addressPrefixes: [addresses] }
    subnets: [
      {
        name: 'app'
        properties: {
          addressPrefix: appAddresses
          defaultOutboundAccess: false
          natGateway: { id: gateway.id }
          networkSecurityGroup: { id: appRules.id }
          delegations: [
            {
              name: 'flex-consumption'
              properties: { serviceName: 'Microsoft.App/environments' } // what Flex Consumption runs on
            }
          ]
        }
      }
      {
        name: 'endpoints'
        properties: {
          addressPrefix: endpointAddresses
          defaultOutboundAccess: false
          networkSecurityGroup: { id: endpointRules.id }
          privateEndpointNetworkPolicies: 'NetworkSecurityGroupEnabled' // without it the rules do not hold for endpoints
        }
      }
    ]
  }
}

// Inside this module, so that whoever waits for the app's subnet finds the stores there.
module endpoints 'endpoints.bicep' = {
  params: {
    location: location
    tags: tags
    networkId: network.id
    subnetId: '${network.id}/subnets/endpoints'
    storageAccountId: storageAccountId
    cosmosAccountId: cosmosAccountId
    vaultId: vaultId
  }
}

@description('Resource id of the subnet that the app sends from.')
output appSubnetId string = '${network.id}/subnets/app'
