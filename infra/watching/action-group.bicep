// Who is told of alerts and of the budget.

@description('Name of the action group.')
param name string

@description('Tags of every resource.')
param tags object

@description('Addresses that are written to; none: alerts fire, and are seen in the portal only.')
param emails array

resource group 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: name
  location: 'global'
  tags: tags
  properties: {
    groupShortName: 'pixcrawler'
    enabled: true
    emailReceivers: [
      for email in emails: {
        name: uniqueString(email)
        emailAddress: email
        useCommonAlertSchema: true
      }
    ]
  }
}

@description('Resource id of the action group.')
output id string = group.id
