// What the resource group may cost in a month, and who is told at 80 % of it.

@description('Amount a month, in the currency of the subscription\'s bill.')
@minValue(1)
param amount int

@description('First day of the first month, yyyy-MM-01.')
param startDate string

@description('Addresses that are written to.')
param emails array

@description('Resource id of the action group that is told.')
param actionGroupId string

resource budget 'Microsoft.Consumption/budgets@2024-08-01' = {
  name: 'pixcrawler'
  properties: {
    category: 'Cost'
    amount: amount
    timeGrain: 'Monthly'
    timePeriod: { startDate: startDate }
    notifications: {
      spent: {
        enabled: true
        operator: 'GreaterThanOrEqualTo'
        threshold: 80
        thresholdType: 'Actual'
        contactEmails: emails
        contactGroups: [actionGroupId]
      }
      foreseen: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: emails
        contactGroups: [actionGroupId]
      }
    }
  }
}
