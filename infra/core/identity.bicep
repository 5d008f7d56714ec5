// The identity that the app has towards every other resource.

@description('Name of the identity.')
param name string

@description('Azure region.')
param location string

@description('Tags of every resource.')
param tags object

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

@description('Resource id of the identity.')
output id string = identity.id

@description('Object id of its service principal, which roles are assigned to.')
output principalId string = identity.properties.principalId

@description('Client id, by which the app names it.')
output clientId string = identity.properties.clientId
